import { about, took } from '../../ui/times.ts';

/** One stretch of time on one device. Times are milliseconds since 1970. */
export interface Bar {
  readonly id: string;
  /** Its row. */
  readonly device: string;
  readonly from: number;
  readonly to: number;
  /** `done` … `unknown`: what a device did. `running`: what it does. `held`: the rest of its holder. `expected`: who waits. */
  readonly kind: 'succeeded' | 'failed' | 'unknown' | 'running' | 'held' | 'expected';
  readonly title: string;
  readonly workflow: string | null;
  /** Why it waits, or what went wrong. */
  readonly why: readonly string[];
}

/** For how long: as exactly as it was measured, or about as long as it is expected to be. */
export const lasting = ({ kind, from, to }: Pick<Bar, 'kind' | 'from' | 'to'>): string =>
  kind === 'held' || kind === 'expected' ? `about ${about((to - from) / 1_000)}` : took(to - from);

/** What is visible: from this time, so many milliseconds for each pixel. */
export interface View {
  readonly from: number;
  readonly msPerPixel: number;
}

const shortest = 10;
const longest = 60 * 86_400_000;

/** A view that shows `from` to `to` on so many pixels. */
export const viewOf = (from: number, to: number, width: number): View => ({
  from,
  msPerPixel: clamp((to - from) / Math.max(1, width), width),
});

/** Nearer or further; what stands at `x` stays there. */
export function zoom({ from, msPerPixel }: View, factor: number, x: number, width: number): View {
  const next = clamp(msPerPixel * factor, width);
  return { from: from + x * (msPerPixel - next), msPerPixel: next };
}

export const pan = ({ from, msPerPixel }: View, pixels: number): View => ({
  from: from + pixels * msPerPixel,
  msPerPixel,
});

const clamp = (msPerPixel: number, width: number) =>
  Math.min(longest / Math.max(1, width), Math.max(shortest, msPerPixel));

/** The bars of each row in the order of their beginnings, with the longest of them: enough to find what is visible without looking at all. */
export interface Row {
  readonly device: string;
  readonly bars: readonly Bar[];
  readonly longestMs: number;
}

export function rowsOf(devices: readonly string[], bars: readonly Bar[]): Row[] {
  const grouped = Map.groupBy(bars, ({ device }) => device);
  return devices.map((device) => {
    const own = (grouped.get(device) ?? []).toSorted((a, b) => a.from - b.from || a.to - b.to);
    return { device, bars: own, longestMs: own.reduce((most, { from, to }) => Math.max(most, to - from), 0) };
  });
}

/** The index of the first bar that begins at this time or later. */
export function firstFrom(bars: readonly Bar[], time: number): number {
  let low = 0;
  let high = bars.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bars[middle]?.from ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Calls `draw` for each bar of a row that has a part between the two times. */
export function eachVisible(row: Row, from: number, to: number, draw: (bar: Bar) => void): void {
  const { bars, longestMs } = row;
  for (let index = firstFrom(bars, from - longestMs); index < bars.length; index += 1) {
    const bar = bars[index];
    if (!bar || bar.from > to) return;
    if (bar.to >= from) draw(bar);
  }
}

/** The bar of a row at this time, the last that was drawn there; a narrow one is found a little beside it too. */
export function barAt(row: Row, time: number, slackMs: number): Bar | undefined {
  let found: Bar | undefined;
  let distance = Number.POSITIVE_INFINITY;
  eachVisible(row, time - slackMs, time + slackMs, (bar) => {
    const away = time < bar.from ? bar.from - time : time > bar.to ? time - bar.to : 0;
    if (away <= distance) {
      found = bar;
      distance = away;
    }
  });
  return found;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const steps = [
  second,
  5 * second,
  15 * second,
  30 * second,
  minute,
  5 * minute,
  15 * minute,
  30 * minute,
  hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
  2 * day,
  7 * day,
  14 * day,
  28 * day,
];

/** Round times of this machine's time zone, at least so many pixels apart. */
export function ticks(view: View, width: number, apart = 110): { at: number; step: number }[] {
  const step = steps.find((one) => one / view.msPerPixel >= apart) ?? 28 * day;
  const offset = new Date(view.from).getTimezoneOffset() * minute;
  const first = Math.ceil((view.from - offset) / step) * step + offset;
  const end = view.from + width * view.msPerPixel;
  const found: { at: number; step: number }[] = [];
  for (let at = first; at <= end; at += step) found.push({ at, step });
  return found;
}
