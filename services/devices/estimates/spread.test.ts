import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Booking } from '@labwright/contract-devices';
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
  assert.deepEqual(less(spread(10, 15), 4), spread(6, 11));
  assert.deepEqual(less(spread(10, 15), 12), spread(0, 3));
  assert.deepEqual(less(spread(10, 15), 15), nothing);
  assert.deepEqual(less(spread(10, 15), 60), spread(45, 405));
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
  assert.equal(left({ done: new Map([['stir', 1]]), running }, 60).seconds, 10 + 60);
  // It takes longer than usual: nothing of its median is left. Then it has overrun what nine of ten take.
  assert.equal(left({ done: new Map([['stir', 2]]), running }, 122).seconds, 0);
  assert.equal(left({ done: new Map([['stir', 2]]), running }, 20 + 104 + 300).seconds, 300);
  // Not declared, and yet it runs.
  const surprise = { operation: 'soak', started_at: '2025-01-01T00:00:00.000000Z' };
  assert.equal(left({ booking: { ...booking, operations: ['stir'] }, running: surprise }, 1).seconds, 109);
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
  assert.deepEqual(left(silent, 100), spread(200, 300));
  assert.deepEqual(left(silent, 400), nothing);
  assert.equal(left(silent, 1_000).seconds, 600);
  const running = { operation: 'soak', started_at: '2025-01-01T00:16:40.000000Z' };
  assert.equal(left({ ...silent, running }, 1_000).seconds, 600);
  const begun = { operation: 'soak', started_at: at(390) };
  assert.equal(left({ ...silent, running: begun }, 395).seconds, 95);
});
