const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const clockWithSeconds = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const dayAndClock = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export const fullTime = (at: string | number): string => absolute.format(new Date(at));

/** `14:03:12`. */
export const clockTime = (at: number): string => clockWithSeconds.format(new Date(at));

/** `14:03` today, with the day at any other time. */
export function shortTime(at: string | number, now = Date.now()): string {
  const date = new Date(at);
  return date.toDateString() === new Date(now).toDateString() ? clock.format(date) : dayAndClock.format(date);
}

/** `3 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`: two parts at most, and none that says nothing. */
export function duration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const parts: [number, string][] = [
    [Math.floor(total / 86_400), 'd'],
    [Math.floor(total / 3_600) % 24, 'h'],
    [Math.floor(total / 60) % 60, 'min'],
    [total % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** What was measured: `350 ms`, `4.2 s`, `40 s`, `3 min 5 s`. */
export function took(milliseconds: number): string {
  const ms = Math.max(0, Math.round(milliseconds));
  if (ms < 1_000) return `${ms} ms`;
  return ms < 9_950 ? `${Number((ms / 1_000).toFixed(1))} s` : duration(ms / 1_000);
}

/** Of an estimate: `40 s`, `4 min 10 s`, but `38 min`: from ten minutes on nobody can tell the seconds, nor from ten hours on the minutes. */
export function about(seconds: number): string {
  const grain = seconds < 600 ? 1 : seconds < 36_000 ? 60 : 3_600;
  return duration(Math.round(seconds / grain) * grain);
}

/** `just now`, `5 min ago`, `in 2 h`. */
export function relativeTime(at: string | number, now = Date.now()): string {
  const seconds = (new Date(at).getTime() - now) / 1_000;
  if (Math.abs(seconds) < 10) return 'just now';
  const size = Math.abs(seconds);
  const text =
    size < 60
      ? `${Math.round(size)} s`
      : size < 3_600
        ? `${Math.round(size / 60)} min`
        : size < 86_400
          ? `${Math.round(size / 3_600)} h`
          : `${Math.round(size / 86_400)} d`;
  return seconds > 0 ? `in ${text}` : `${text} ago`;
}
