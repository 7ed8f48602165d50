import type { Estimate } from '@labwright/contract-devices';
import { normalQuantile, normalShare, z90 } from './normal.ts';

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
 * What is left of a duration of which `elapsed` seconds have passed without its end: that of a normal distribution with
 * this median and 90th percentile, of which all that is shorter is ruled out. Past the 90th percentile the past tells
 * little any more, and what has overrun by so long is taken to overrun `asLongAgain`, if that is more.
 */
export const less = (part: Spread, elapsed: number): Spread => {
  if (elapsed <= 0) return part;
  const deviation = Math.sqrt(part.square) / z90;
  const overrun = elapsed - p90Of(part);
  const known = Math.min(elapsed, p90Of(part));
  const over = normalShare((known - part.seconds) / deviation);
  const quantile = (share: number) =>
    part.seconds + deviation * normalQuantile(over + share * (1 - over)) - known;
  const left =
    deviation > 0 ? spread(quantile(0.5), quantile(0.9)) : spread(Math.max(0, part.seconds - elapsed), 0);
  return overrun > left.seconds ? asLongAgain(overrun) : left;
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
