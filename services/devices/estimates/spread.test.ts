import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Booking } from '@labwright/contract-devices';
import { seededRandom } from '@labwright/kernel/testing';
import { type Progress, remaining } from './holder.ts';
import { less, nothing, p90Of, spread, sum, times, toEstimate } from './spread.ts';
import { workOf } from './work.ts';

test('medians add up, and spreads as the root of the sum of their squares', () => {
  const total = sum(spread(10, 13), spread(20, 24), nothing);
  assert.equal(total.seconds, 30);
  assert.equal(p90Of(total), 35);
  const four = times(spread(10, 13), 4);
  assert.equal(four.seconds, 40);
  assert.equal(p90Of(four), 46);
});

test('what is left never falls below nothing, and past the 90th percentile grows with the overrun', () => {
  assert.deepEqual(less(spread(10, 15), 0), spread(10, 15));
  assert.deepEqual(less(spread(10, 10), 4), spread(6, 6));
  // Figures of a standard normal distribution: of what lies above 0.5128 deviations half lies above 1.0293 of them.
  near(less(spread(10, 15), 12).seconds, ((1.0293 - 0.5126) * 5) / 1.2816);
  near(less(spread(10, 15), 15).seconds, ((1.6449 - 1.2816) * 5) / 1.2816);
  near(p90Of(less(spread(10, 15), 15)), ((2.3263 - 1.2816) * 5) / 1.2816);
  assert.deepEqual(less(spread(10, 15), 60), spread(45, 405));
});

test('of durations that still go on, half end within the median and nine in ten within the 90th percentile', () => {
  const random = seededRandom('remaining time');
  const part = spread(60, 90);
  let halves = 0;
  let nines = 0;
  const count = 50_000;
  for (let looks = 0; looks < count; ) {
    // Box and Muller: durations of a normal distribution, looked at in a moment of their length.
    const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    const duration = part.seconds + (normal * 30) / 1.2816;
    const elapsed = random.next() * 90;
    if (duration <= elapsed) continue;
    looks += 1;
    const left = less(part, elapsed);
    if (duration - elapsed <= left.seconds) halves += 1;
    if (duration - elapsed <= p90Of(left)) nines += 1;
  }
  near(halves / count, 0.5);
  near(nines / count, 0.9);
});

test('an estimate is rounded to tenths of a second and names its time', () => {
  assert.deepEqual(toEstimate(spread(1.26, 2), 0), {
    seconds: 1.3,
    seconds_p90: 2,
    at: '1970-01-01T00:00:01.260Z',
  });
  assert.deepEqual(toEstimate(spread(1, 2), null), { seconds: null, seconds_p90: null, at: null });
});

test('work counts operations; without any, the booking itself is counted', () => {
  assert.deepEqual(workOf(['a', 'b', 'a']), {
    operations: new Map([
      ['a', 2],
      ['b', 1],
    ]),
    undeclared: 0,
  });
  assert.deepEqual(workOf([]), { operations: new Map(), undeclared: 1 });
});

const booking: Booking = {
  id: '1',
  device_id: 'd',
  workflow_id: 'w',
  fencing_token: 1,
  status: 'active',
  operations: ['stir', 'stir', 'soak'],
  queue_entry_id: null,
  booked_at: '2025-01-01T00:00:00.000000Z',
  released_at: null,
  release_reason: null,
};
const start = Date.UTC(2025, 0, 1);
const at = (seconds: number) => new Date(start + seconds * 1000).toISOString();
const near = (found: number, wanted: number) =>
  assert.ok(Math.abs(found - wanted) < 0.02, `${found} is not about ${wanted}`);
const known = (operation: string) => (operation === 'stir' ? spread(10, 13) : spread(100, 104));
const left = (progress: Partial<Progress>, seconds: number) =>
  remaining(
    { booking, done: new Map(), running: undefined, idleSince: at(seconds), ...progress },
    start + seconds * 1000,
    known,
    spread(300, 400),
  );

test('the holder still has what it declared, less what it did, less the time of the running one', () => {
  assert.deepEqual(left({}, 0), sum(times(spread(10, 13), 2), spread(100, 104)));
  assert.equal(left({ done: new Map([['stir', 1]]) }, 60).seconds, 110);
  assert.equal(left({ done: new Map([['stir', 5]]) }, 60).seconds, 100);
  const running = { operation: 'soak', started_at: '2025-01-01T00:00:20.000000Z' };
  near(left({ done: new Map([['stir', 1]]), running }, 60).seconds, 10 + 60);
  // It takes longer than usual, and then longer than nine of ten.
  const late = left({ done: new Map([['stir', 2]]), running }, 122).seconds;
  assert.ok(late > 0 && late < 3, String(late));
  assert.equal(left({ done: new Map([['stir', 2]]), running }, 20 + 104 + 300).seconds, 300);
  // Not declared, and yet it runs.
  const surprise = { operation: 'soak', started_at: '2025-01-01T00:00:00.000000Z' };
  near(left({ booking: { ...booking, operations: ['stir'] }, running: surprise }, 1).seconds, 109);
});

test('a holder that idles is taken to idle as long again', () => {
  const done = new Map([
    ['stir', 2],
    ['soak', 1],
  ]);
  assert.deepEqual(left({ done, idleSince: at(200) }, 261), spread(60, 540));
  assert.equal(left({ done: new Map([['stir', 2]]), idleSince: at(20) }, 31).seconds, 110);
});

test('a holder that declared nothing takes as long as bookings of the device do', () => {
  const silent = { booking: { ...booking, operations: [] } };
  assert.ok(Math.abs(left(silent, 100).seconds - 200) < 2);
  assert.ok(left(silent, 400).seconds < 40);
  assert.equal(left(silent, 1_000).seconds, 600);
  const running = { operation: 'soak', started_at: '2025-01-01T00:16:40.000000Z' };
  assert.equal(left({ ...silent, running }, 1_000).seconds, 600);
  const begun = { operation: 'soak', started_at: at(390) };
  near(left({ ...silent, running: begun }, 395).seconds, 95);
});
