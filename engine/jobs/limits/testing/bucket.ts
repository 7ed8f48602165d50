import assert from 'node:assert/strict';
import type { Rate } from '../limits.ts';

/** Fails where some time between two starts, given in milliseconds, saw more than its bucket and its refill allow. */
export function withinBucket(times: readonly number[], { limit, perMs, burst = 1 }: Rate, slackMs = 0): void {
  const sorted = [...times].sort((a, b) => a - b);
  for (let first = 0; first < sorted.length; first += 1)
    for (let last = first; last < sorted.length; last += 1) {
      const ms = (sorted[last] ?? 0) - (sorted[first] ?? 0);
      const allowed = burst + ((ms + slackMs) * limit) / perMs + 0.001;
      assert.ok(
        last - first + 1 <= allowed,
        `${last - first + 1} starts in ${ms} ms, ${allowed} are allowed`,
      );
    }
}
