/**
 * How much of something in how much time. Everything is counted in whole microseconds, so that JavaScript, SQL and Lua come
 * to the same result to the last digit.
 */
export interface Limit {
  /**
   * `bucket`: `most` at once, and one more every `unitUs`. A bucket is kept as the moment at which it is full again.
   * `window`: at most `most` in any `seconds`; a window is kept as counts of `slices` + 1 slices of `unitUs` each.
   */
  readonly kind: 'bucket' | 'window';
  /** Microseconds until a bucket has one more; of one slice of a window. */
  readonly unitUs: number;
  readonly most: number;
  /** After so long without a request all of it is there again (a window: and one slice more). */
  readonly seconds: number;
}

/**
 * Slices of a window. The oldest one counts as a whole although only a part of it lies in the window: there are never more
 * than `most` in any window, and a refusal lasts at most one slice longer than it would by an exact log, which would need
 * room for each request.
 */
export const slices = 10;

const million = 1_000_000;
const mostASecond = 100_000;
const longest = 86_400;

/** `rate` in `seconds`, spread evenly, and `burst` (default: `rate`) at once after a rest. The pace is rounded to a microsecond. */
export function tokenBucket(given: { rate: number; seconds: number; burst?: number }): Limit {
  const { rate, seconds, burst = rate } = given;
  checkWhole('rate', rate);
  checkWhole('burst', burst);
  checkSeconds(seconds);
  if (rate / seconds > mostASecond)
    throw new RangeError(`A limit cannot be higher than ${mostASecond.toLocaleString('en')} a second.`);
  const unitUs = Math.round((seconds * million) / rate);
  return { kind: 'bucket', unitUs, most: burst, seconds: (unitUs * burst) / million };
}

/** At most `most` in any `seconds`. */
export function slidingWindow({ most, seconds }: { most: number; seconds: number }): Limit {
  checkWhole('most', most);
  checkSeconds(seconds);
  return { kind: 'window', unitUs: Math.round((seconds * million) / slices), most, seconds };
}

function checkWhole(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value > million)
    throw new RangeError(`${name} must be a whole number from 1 to ${million.toLocaleString('en')}.`);
}

function checkSeconds(seconds: number): void {
  if (!(seconds >= 0.001 && seconds <= longest))
    throw new RangeError('The time of a limit is a millisecond to a day.');
}

const units: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const written = /^(\d+)\/(\d+)?([smhd])(?: (?:burst (\d+)|(window)))?$/;

/**
 * Reads a limit as people write it: `200/s`, `200/1s burst 2000` (a bucket), `30/10m window`. Throws an `Error` whose message
 * completes "NAME …".
 */
export function parseLimit(text: string): Limit {
  const [, count, times = '1', unit = '', burst, window] = written.exec(text.trim()) ?? [];
  if (count === undefined)
    throw new Error(`must look like "200/1s burst 2000" or "30/10m window", not "${text}"`);
  const seconds = Number(times) * (units[unit] ?? Number.NaN);
  try {
    if (window) return slidingWindow({ most: Number(count), seconds });
    return tokenBucket({
      rate: Number(count),
      seconds,
      ...(burst === undefined ? {} : { burst: Number(burst) }),
    });
  } catch (error) {
    throw new Error(`cannot be "${text}": ${error instanceof Error ? error.message : error}`);
  }
}

/** The same limit, so many times as wide. */
export function widened(limit: Limit, times: number): Limit {
  if (limit.kind === 'window') return slidingWindow({ most: limit.most * times, seconds: limit.seconds });
  const unitUs = Math.max(Math.ceil(million / mostASecond), Math.round(limit.unitUs / times));
  const most = limit.most * times;
  checkWhole('burst', most);
  return { kind: 'bucket', unitUs, most, seconds: (unitUs * most) / million };
}
