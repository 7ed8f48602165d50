import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { WaitTime } from '@labwright/contract-devices';
import { manualClock } from '@labwright/kernel/clock';
import { command } from '@labwright/kernel/statement';
import { type Laboratory, openLaboratory } from '../testing/laboratory.ts';

/** Stands at the moment at which each booking of these tests was made. */
const clock = manualClock(Date.UTC(2030, 0, 1));
const now = '2030-01-01T00:00:00Z';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory({ clock });
});
after(() => lab.close());

const logs = command(
  'test.forecast.logs',
  `INSERT INTO execution_logs (device_id, device_type, operation, status, started_at, finished_at, duration_ms)
   SELECT 'another', 'bench', $1, 'succeeded', $3::timestamptz - make_interval(secs => n), $3, ms
   FROM unnest($2::int[]) WITH ORDINALITY AS t (ms, n)`,
);
const done = command(
  'test.forecast.done',
  `INSERT INTO execution_logs (device_id, device_type, operation, status, fencing_token, started_at, finished_at, duration_ms)
   VALUES ($1, 'not measured', $2, $3, $4, $5, $5, 1000)`,
);
const running = command(
  'test.forecast.running',
  `INSERT INTO execution_logs (device_id, device_type, operation, status, fencing_token, started_at)
   VALUES ($1, 'bench', $2, 'running', 1, $3)`,
);
const pastBookings = command(
  'test.forecast.bookings',
  `INSERT INTO device_bookings (device_id, workflow_id, fencing_token, status, booked_at, released_at)
   SELECT $1, 'past', -n, 'released', $3::timestamptz - interval '1 day', $3::timestamptz - interval '1 day' + make_interval(secs => seconds)
   FROM unnest($2::int[]) WITH ORDINALITY AS t (seconds, n)`,
);
const bookedNow = command('test.forecast.now', 'UPDATE device_bookings SET booked_at = $2 WHERE id = $1');

async function hold(operations: string[]): Promise<string> {
  const id = await lab.addDevice();
  const { id: bookingId } = await lab.api.book({ device_id: id, workflow_id: 'holder', operations });
  await lab.db.execute(bookedNow, [bookingId, now]);
  return id;
}

async function wait(id: string) {
  const { body } = await lab.request<typeof WaitTime>('GET', `/devices/${id}/wait-time`);
  return {
    seconds: body.estimated_wait_seconds,
    p90: body.estimated_wait_seconds_p90,
    at: body.estimated_start_at,
  };
}

test('without measurements: what the driver says is typical, and half as long again as the 90th percentile', async () => {
  const id = await hold(['stir', 'soak']);
  assert.deepEqual(await wait(id), {
    seconds: 110,
    p90: Math.round((110 + Math.hypot(5, 50)) * 10) / 10,
    at: '2030-01-01T00:01:50.000Z',
  });
});

test('an operation that no driver knows is taken for a minute', async () => {
  const id = await hold(['fly']);
  assert.partialDeepStrictEqual(await wait(id), { seconds: 60, p90: 90 });
});

test('bookings that declare nothing take as long as past ones of the device; a minute where there are none', async () => {
  const id = await hold([]);
  assert.partialDeepStrictEqual(await wait(id), { seconds: 60, p90: 90 });
  const seconds = Array.from({ length: 11 }, (_, index) => 100 + index * 10);
  await lab.db.execute(pastBookings, [id, seconds, now]);
  assert.partialDeepStrictEqual(await wait(id), { seconds: 150, p90: 190 });
  await lab.api.enqueue({ device_id: id, workflow_id: 'w1' });
  assert.partialDeepStrictEqual(await wait(id), {
    seconds: 300,
    p90: Math.round((300 + Math.hypot(40, 40)) * 10) / 10,
  });
});

test('what the holder has done no longer counts, and the running operation only with the rest of its time', async () => {
  const id = await hold(['stir', 'stir', 'soak']);
  await lab.db.execute(done, [id, 'stir', 'succeeded', 1, now]);
  // Neither failures nor what an earlier holder did.
  await lab.db.execute(done, [id, 'soak', 'failed', 1, now]);
  await lab.db.execute(done, [id, 'soak', 'succeeded', 0, now]);
  assert.equal((await wait(id)).seconds, 110);
  await lab.db.execute(running, [id, 'soak', '2029-12-31T23:59:30Z']);
  assert.equal(Math.round((await wait(id)).seconds ?? 0), 10 + 72);
});

test('measured durations of the type go before what the driver says', async () => {
  const ms = Array.from({ length: 11 }, (_, index) => 20_000 + index * 1_000);
  await lab.db.execute(logs, ['stir', ms, now]);
  const id = await hold(['stir']);
  assert.partialDeepStrictEqual(await wait(id), { seconds: 25, p90: 29 });
  await lab.api.enqueue({ device_id: id, workflow_id: 'w1', operations: ['stir', 'stir', 'stir'] });
  assert.partialDeepStrictEqual(await wait(id), { seconds: 100, p90: 108 });
});

test('a free device: no wait', async () => {
  const id = await lab.addDevice();
  assert.deepEqual(await wait(id), { seconds: 0, p90: 0, at: '2030-01-01T00:00:00.000Z' });
});
