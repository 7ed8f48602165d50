import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type {
  CancelAnswer,
  EnqueueAnswer,
  QueuePage,
  WaitingEntry,
  WaitTime,
} from '@labwright/contract-devices';
import type { Db, Queryable } from '@labwright/kernel/db';
import type { Static } from 'typebox';
import { type Answer, type Laboratory, openLaboratory } from '../testing/laboratory.ts';
import { listQueue } from './list-queue.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
});
after(() => lab.close());

const queue = (id: string, workflow_id: string, more: object = {}) =>
  lab.request<typeof EnqueueAnswer>('POST', `/devices/${id}/queue`, { workflow_id, ...more });

/** A device that `holder` holds. */
async function heldDevice(operations: string[] = []): Promise<string> {
  const id = await lab.addDevice();
  await lab.api.book({ device_id: id, workflow_id: 'holder', operations });
  return id;
}

test('queue 201 on a free device: booked at once', async () => {
  const id = await lab.addDevice();
  const { status, body } = await queue(id, 'w1', { operations: ['stir'] });
  assert.equal(status, 201);
  assert.partialDeepStrictEqual(body, {
    entry: { workflow_id: 'w1', status: 'booked', position: 0, operations: ['stir'], waiting_reasons: [] },
    booking: { workflow_id: 'w1', status: 'active', queue_entry_id: body.entry.id, operations: ['stir'] },
  });
  const again = await queue(id, 'w1');
  assert.equal(again.status, 200);
  assert.equal(again.body.entry.id, body.entry.id);
  assert.deepEqual(again.body.booking, body.booking);
});

test('queue 201 on a busy device: waits, with place, estimate and reasons; asked again 200 with the same entry', async () => {
  const id = await heldDevice(['stir', 'soak']);
  const first = await queue(id, 'w1', { operations: ['stir'] });
  assert.equal(first.status, 201);
  assert.equal(first.body.booking, null);
  assert.partialDeepStrictEqual(first.body.entry, {
    status: 'queued',
    priority: 'normal',
    priority_value: 5,
    position: 1,
    estimate: { seconds: 110 },
    waiting_reasons: [{ code: 'device_busy', workflow_id: 'holder' }],
  });
  const second = await queue(id, 'w2');
  assert.equal(second.body.entry.position, 2);
  assert.equal(second.body.entry.estimate.seconds, 120);
  assert.deepEqual(
    second.body.entry.waiting_reasons.map(({ code }) => code),
    ['device_busy', 'entries_ahead'],
  );
  const again = await queue(id, 'w1');
  assert.equal(again.status, 200);
  assert.equal(again.body.entry.id, first.body.entry.id);
});

test('another priority moves the entry, which keeps its queued_at; no priority leaves it', async () => {
  const id = await heldDevice();
  const first = (await queue(id, 'w1', { priority: 'low' })).body.entry;
  await queue(id, 'w2');
  const moved = await queue(id, 'w1', { priority: 'urgent' });
  assert.equal(moved.status, 200);
  assert.partialDeepStrictEqual(moved.body.entry, {
    id: first.id,
    queued_at: first.queued_at,
    priority: 'urgent',
    priority_value: 1,
    position: 1,
  });
  assert.equal((await queue(id, 'w1')).body.entry.priority, 'urgent');
});

test('queue 200 with the booking for a workflow that had booked without queueing', async () => {
  const id = await heldDevice(['stir']);
  const { status, body } = await queue(id, 'holder');
  assert.equal(status, 200);
  assert.partialDeepStrictEqual(body, {
    entry: { status: 'booked', operations: ['stir'], position: 0 },
    booking: { workflow_id: 'holder', queue_entry_id: body.entry.id },
  });
  assert.equal((await queue(id, 'holder')).body.entry.id, body.entry.id);
  const listed = await lab.request<typeof QueuePage>('GET', `/devices/${id}/queue`);
  assert.deepEqual(listed.body.queue, []);
});

test('queue 400, 404', async () => {
  const id = await lab.addDevice();
  assert.equal((await lab.request('POST', `/devices/${id}/queue`, {})).status, 400);
  assert.equal((await queue(id, 'w1', { priority: 'highest' })).status, 400);
  assert.equal((await queue('no-such', 'w1')).status, 404);
  assert.equal((await lab.request('GET', '/devices/no-such/queue')).status, 404);
  assert.equal((await lab.request('GET', `/devices/${id}/queue?cursor=zzz`)).status, 400);
  assert.equal((await lab.request('GET', `/devices/${id}/queue?limit=1000`)).status, 400);
});

test('GET /devices/{id}/queue shows all, in order, in pages, with places that go on', async () => {
  const id = await heldDevice(['soak']);
  const wanted = ['u1', 'u2', 'n1', 'n2', 'n3', 'l1', 'l2'];
  const priorities = { u: 'urgent', n: 'normal', l: 'low' } as const;
  for (const name of ['l1', 'n1', 'u1', 'n2', 'l2', 'u2', 'n3'])
    await queue(id, name, {
      priority: priorities[name[0] as keyof typeof priorities],
      operations: ['stir', 'stir'],
    });
  const seen: WaitingEntry[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor ? `&cursor=${cursor}` : '';
    const { body }: Answer<Static<typeof QueuePage>> = await lab.request<typeof QueuePage>(
      'GET',
      `/devices/${id}/queue?limit=3${query}`,
    );
    seen.push(...body.queue);
    cursor = body.next_cursor;
  } while (cursor);
  assert.deepEqual(
    seen.map(({ workflow_id }) => workflow_id),
    wanted,
  );
  assert.deepEqual(
    seen.map(({ position }) => position),
    [1, 2, 3, 4, 5, 6, 7],
  );
  // 100 s for the holder, and twice 10 s for each ahead.
  assert.deepEqual(
    seen.map(({ estimate }) => Math.round(estimate.seconds ?? -1)),
    [100, 120, 140, 160, 180, 200, 220],
  );
  for (const { estimate } of seen) assert.ok(Number(estimate.seconds_p90) > Number(estimate.seconds));
});

test('the queue takes the same number of queries, however many wait', async () => {
  const id = await heldDevice();
  let queries = 0;
  const counted = <T extends Queryable>(real: T) => ({
    ...real,
    query: ((...given) => {
      queries += 1;
      return real.query(...given);
    }) as Queryable['query'],
    first: ((...given) => {
      queries += 1;
      return real.first(...given);
    }) as Queryable['first'],
  });
  const db: Db = {
    ...counted(lab.db),
    transaction: (work, options) => lab.db.transaction((tx) => work(counted(tx)), options),
  };
  const deps = { ...lab.deps, db };
  const count = async () => {
    queries = 0;
    await listQueue(deps, { device_id: id, limit: 100 });
    return queries;
  };
  await queue(id, 'w0', { operations: ['stir'] });
  const few = await count();
  assert.ok(few > 5);
  for (let index = 1; index <= 60; index += 1) await queue(id, `w${index}`, { operations: ['soak'] });
  assert.equal(await count(), few);
});

test('DELETE entry 200; it is never booked; 404 and 409 queue_entry_not_waiting', async () => {
  const id = await heldDevice();
  const { entry } = (await queue(id, 'w1')).body;
  const next = (await queue(id, 'w2')).body.entry;
  const path = `/devices/${id}/queue`;
  const { status, body } = await lab.request<typeof CancelAnswer>('DELETE', `${path}/${entry.id}`);
  assert.equal(status, 200);
  assert.equal(body.entry.status, 'cancelled');

  const twice = await lab.request('DELETE', `${path}/${entry.id}`);
  assert.equal(twice.status, 409);
  assert.partialDeepStrictEqual(twice.body, {
    code: 'queue_entry_not_waiting',
    entry: { id: entry.id, status: 'cancelled' },
  });
  await lab.api.withdraw({ device_id: id, workflow_id: 'holder' });
  assert.equal((await lab.request('DELETE', `${path}/${next.id}`)).body.code, 'queue_entry_not_waiting');

  for (const nobody of ['999999', 'zzz', '99999999999999999999']) {
    const missing = await lab.request('DELETE', `${path}/${nobody}`);
    assert.equal(missing.status, 404);
    assert.equal(missing.body.code, 'queue_entry_not_found');
  }
  const elsewhere = await heldDevice();
  assert.equal((await lab.request('DELETE', `/devices/${elsewhere}/queue/${entry.id}`)).status, 404);
  assert.equal((await lab.request('DELETE', `/devices/no-such/queue/${entry.id}`)).status, 404);
});

test('GET /devices/{id}/wait-time for the holder, for one that waits, for anybody', async () => {
  const id = await heldDevice(['soak']);
  await queue(id, 'w1', { operations: ['stir'] });
  await queue(id, 'w2', { operations: ['stir'] });
  const wait = (query: string) => lab.request<typeof WaitTime>('GET', `/devices/${id}/wait-time?${query}`);

  const holder = (await wait('workflow_id=holder')).body;
  assert.partialDeepStrictEqual(holder, {
    position: 0,
    estimated_wait_seconds: 0,
    queue_length: 2,
    waiting_reasons: [],
  });
  const second = (await wait('workflow_id=w2')).body;
  assert.partialDeepStrictEqual(second, {
    device_id: id,
    workflow_id: 'w2',
    position: 2,
    estimated_wait_seconds: 110,
  });
  const anybody = (await wait('')).body;
  assert.partialDeepStrictEqual(anybody, { workflow_id: null, position: 3, estimated_wait_seconds: 120 });
  assert.ok(Date.parse(anybody.estimated_start_at ?? '') > Date.now());
  const urgent = (await wait('workflow_id=new&priority=urgent')).body;
  assert.partialDeepStrictEqual(urgent, { position: 1, estimated_wait_seconds: 100 });

  const free = await lab.addDevice();
  const none = (await lab.request<typeof WaitTime>('GET', `/devices/${free}/wait-time?workflow_id=w1`)).body;
  assert.partialDeepStrictEqual(none, { position: 1, estimated_wait_seconds: 0, waiting_reasons: [] });
  assert.equal((await lab.request('GET', '/devices/no-such/wait-time')).status, 404);
  assert.equal((await wait('priority=high')).status, 400);
});

test('a device in maintenance or paused has no time at which the wait ends, and the reasons say why', async () => {
  const id = await heldDevice(['stir']);
  await lab.request('PATCH', `/devices/${id}`, { status: 'maintenance', paused: true });
  const { body } = await queue(id, 'w1');
  assert.deepEqual(body.entry.estimate, { seconds: null, seconds_p90: null, at: null });
  assert.deepEqual(
    body.entry.waiting_reasons.map(({ code }) => code),
    ['device_in_maintenance', 'device_paused', 'device_busy'],
  );
});
