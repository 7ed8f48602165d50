import type { Estimate } from '@labwright/contract-devices';

/**
 * A duration that is not certain. Durations are taken as independent, so medians add up, and so do the squares
 * of what lies between median and 90th percentile.
 */
export interface Spread {
  /** Median, in seconds. */
  readonly seconds: number;
  /** (90th percentile − median)², in seconds². */
  readonly square: number;
}

export const nothing: Spread = { seconds: 0, square: 0 };

/** From median and 90th percentile, in seconds. */
export const spread = (median: number, p90: number): Spread => ({
  seconds: median,
  square: Math.max(0, p90 - median) ** 2,
});

export const p90Of = ({ seconds, square }: Spread): number => seconds + Math.sqrt(square);

export const sum = (...parts: readonly Spread[]): Spread => ({
  seconds: parts.reduce((total, part) => total + part.seconds, 0),
  square: parts.reduce((total, part) => total + part.square, 0),
});

/** `count` independent durations of the same kind. */
export const times = (part: Spread, count: number): Spread => ({
  seconds: part.seconds * count,
  square: part.square * count,
});

/**
 * What is left of a duration of which `elapsed` seconds have passed. Past its 90th percentile the past tells nothing
 * any more, and what has overrun by so long is taken to overrun `asLongAgain`.
 */
export const less = (part: Spread, elapsed: number): Spread => {
  const overrun = elapsed - p90Of(part);
  if (overrun > 0) return asLongAgain(overrun);
  const seconds = Math.max(0, part.seconds - elapsed);
  return spread(seconds, Math.max(seconds, -overrun));
};

/**
 * The rest of what has lasted so many seconds and is of no known length: half of such waits last as long again, and
 * nine in ten less than nine times as long (Gott 1993, doi:10.1038/363315a0).
 */
export const asLongAgain = (elapsed: number): Spread => spread(elapsed, 9 * elapsed);

const tenths = (seconds: number) => Math.round(seconds * 10) / 10;

/** `now` in milliseconds since 1970; null where nobody can say when the waiting ends. */
export function toEstimate(part: Spread, now: number | null): Estimate {
  if (now === null) return { seconds: null, seconds_p90: null, at: null };
  return {
    seconds: tenths(part.seconds),
    seconds_p90: tenths(p90Of(part)),
    at: new Date(now + part.seconds * 1000).toISOString(),
  };
}
