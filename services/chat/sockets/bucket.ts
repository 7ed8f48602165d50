import type { Clock } from '@labwright/kernel/clock';
import type { Rate } from '../deps.ts';

/** A token bucket: milliseconds until the next one may be taken; 0: it was taken. */
export type Bucket = () => number;

export function createBucket(clock: Clock, { perSecond, atOnce }: Rate): Bucket {
  let tokens = atOnce;
  let at = clock.now();
  return () => {
    const now = clock.now();
    tokens = Math.min(atOnce, tokens + (Math.max(0, now - at) / 1_000) * perSecond);
    at = now;
    if (tokens < 1) return Math.ceil(((1 - tokens) / perSecond) * 1_000);
    tokens -= 1;
    return 0;
  };
}
