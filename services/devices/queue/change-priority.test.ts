/** A waiting entry gets another priority: foretold by the preview, done once, never to what was booked meanwhile. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type ChangeEntryAnswer,
  type EnqueueAnswer,
  type Priority,
  type PriorityPreview,
  priorities,
  type QueuePage,
} from '@labwright/contract-devices';
import { systemClock } from '@labwright/kernel/clock';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { type Laboratory, openLaboratory } from '../testing/laboratory.ts';

// Estimates of two moments are compared: time stands still.
const now = Date.now();
let lab: Laboratory;
before(async () => {
  lab = await openLaboratory({ max: 20, clock: { ...systemClock, now: () => now } });
});
after(() => lab.close());

const enter = async (id: string, workflow_id: string, priority: Priority, operations: string[] = ['stir']) =>
  (
    await lab.request<typeof EnqueueAnswer>('POST', `/devices/${id}/queue`, {
      workflow_id,
      priority,
      operations,
    })
  ).body.entry;
const change = (id: string, entry: string, body: object) =>
  lab.request<typeof ChangeEntryAnswer>('PATCH', `/devices/${id}/queue/${entry}`, body);
const refused = (id: string, entry: string, body: object) =>
  lab.request('PATCH', `/devices/${id}/queue/${entry}`, body);
const preview = (id: string, entry: string, priority: string) =>
  lab.request<typeof PriorityPreview>('GET', `/devices/${id}/queue/${entry}/preview?priority=${priority}`);
const list = async (id: string) =>
  (await lab.request<typeof QueuePage>('GET', `/devices/${id}/queue?limit=100`)).body.queue;

async function heldDevice(): Promise<string> {
  const id = await lab.addDevice();
  await lab.api.book({ device_id: id, workflow_id: 'holder', operations: ['soak'] });
  return id;
}

const told = rows(
  'test.priority.told',
  Type.Object({ workflow_id: Type.String(), reason: Type.String() }),
  `SELECT workflow_id, data->>'reason' AS reason FROM events
   WHERE device_id = $1 AND type = 'queue.entered' AND data ? 'reason' ORDER BY xid, id`,
);
/** How many changes of priority are on record. */
const audited = async (id: string) => {
  const { body } = await lab.request('GET', `/audit?limit=100&subject=device:${id}`);
  const entries = body.entries as unknown as { action: string }[];
  return entries.filter(({ action }) => action === 'queue.change_priority').length;
};

test('200: it moves, keeps its queued_at, and is on record with an event; the same again changes nothing', async () => {
  const id = await heldDevice();
  const first = await enter(id, 'a', 'normal');
  const second = await enter(id, 'b', 'low');
  const { status, body } = await change(id, second.id, { priority: 'urgent', expected_priority: 'low' });
  assert.equal(status, 200);
  assert.partialDeepStrictEqual(body.entry, {
    id: second.id,
    queued_at: second.queued_at,
    priority: 'urgent',
    position: 1,
  });
  assert.equal((await change(id, second.id, { priority: 'urgent' })).status, 200);
  assert.deepEqual(
    (await list(id)).map(({ id }) => id),
    [second.id, first.id],
  );
  assert.deepEqual(await lab.db.query(told, [id]), [{ workflow_id: 'b', reason: 'priority_changed' }]);
  assert.equal(await audited(id), 1);
});

test('400, 404, 409: what cannot be changed says why', async () => {
  const id = await heldDevice();
  const entry = await enter(id, 'a', 'normal');
  assert.equal((await refused(id, entry.id, { priority: 'highest' })).status, 400);
  assert.equal((await refused(id, 'none', { priority: 'low' })).body.code, 'queue_entry_not_found');
  assert.equal((await refused('none', entry.id, { priority: 'low' })).body.code, 'device_not_found');
  assert.equal((await preview(id, '999999', 'low')).status, 404);
  const late = await refused(id, entry.id, { priority: 'low', expected_priority: 'urgent' });
  assert.partialDeepStrictEqual(late, {
    status: 409,
    body: { code: 'queue_entry_changed', entry: { priority: 'normal' } },
  });
  await lab.api.withdraw({ device_id: id, workflow_id: 'a' });
  for (const answer of [await refused(id, entry.id, { priority: 'low' }), await preview(id, entry.id, 'low')])
    assert.partialDeepStrictEqual(answer, { status: 409, body: { code: 'queue_entry_not_waiting' } });
});

test('the preview tells what the queue then shows, for every entry and priority of a random queue', async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  t.diagnostic(`seed ${seed}`);
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };
  const id = await heldDevice();
  const work = [['stir'], ['soak', 'stir'], [], ['stir', 'stir']];
  for (let count = 0; count < 9; count += 1)
    await enter(id, `w${count}`, priorities[random(3)] ?? 'normal', work[random(4)]);
  for (let round = 0; round < 25; round += 1) {
    const was = await list(id);
    const entry = was[random(was.length)];
    const priority = priorities[random(3)] ?? 'normal';
    assert.ok(entry);
    const foretold = (await preview(id, entry.id, priority)).body;
    assert.deepEqual(await list(id), was, 'a look changes nothing');
    assert.equal((await change(id, entry.id, { priority, expected_priority: entry.priority })).status, 200);
    const is = new Map((await list(id)).map((each) => [each.id, each]));
    const place = (id: string) => ({ position: is.get(id)?.position, estimate: is.get(id)?.estimate });
    assert.deepEqual(foretold.after, place(entry.id));
    assert.deepEqual(foretold.before, { position: entry.position, estimate: entry.estimate });
    // Whoever got another place was named, with both places; and nobody else was.
    const moved = was.filter((each) => each.id !== entry.id && is.get(each.id)?.position !== each.position);
    assert.deepEqual(
      foretold.affected.map(({ entry_id, before, after }) => ({ entry_id, before, after })),
      moved.map(({ id, position, estimate }) => ({
        entry_id: id,
        before: { position, estimate },
        after: place(id),
      })),
    );
    assert.equal(foretold.affected_entries, moved.length);
    const rises = (is.get(entry.id)?.priority_value ?? 0) < entry.priority_value;
    assert.ok(foretold.affected.every(({ delay_seconds }) => rises === Number(delay_seconds) > 0));
  }
});

test('while the device stands nobody can say how long, and places and delays are told all the same', async () => {
  const id = await heldDevice();
  await enter(id, 'a', 'normal');
  const entry = await enter(id, 'b', 'low');
  const moving = await preview(id, entry.id, 'urgent');
  const itself = moving.body.affected[0]?.delay_seconds;
  await lab.request('PATCH', `/devices/${id}`, { paused: true });
  const { body } = await preview(id, entry.id, 'urgent');
  assert.ok((itself ?? 0) > 0);
  assert.partialDeepStrictEqual(body, {
    before: { position: 2, estimate: { seconds: null } },
    after: { position: 1 },
    affected: [{ workflow_id: 'a', delay_seconds: itself, before: { position: 1 }, after: { position: 2 } }],
  });
});

test('two people move one entry at once by what both see: one does, the other is told', async () => {
  for (let round = 0; round < 20; round += 1) {
    const id = await heldDevice();
    const entry = await enter(id, 'a', 'normal');
    const answers = await Promise.all(
      ['urgent', 'low'].map((priority) => refused(id, entry.id, { priority, expected_priority: 'normal' })),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
    assert.ok(answers.some(({ body }) => body.code === 'queue_entry_changed'));
    assert.equal(await audited(id), 1);
  }
});

test('an entry is moved while the device is released: moved and then booked in its turn, or told that it waits no more', async () => {
  const ends = new Set<string>();
  for (let round = 0; round < 30; round += 1) {
    const id = await heldDevice();
    const first = await enter(id, 'first', 'normal');
    const second = await enter(id, 'second', 'normal');
    const moving = round % 2 === 0 ? second : first;
    const priority = round % 2 === 0 ? 'urgent' : 'low';
    const [moved, released] = await Promise.all([
      refused(id, moving.id, { priority, expected_priority: 'normal' }),
      lab.request('POST', `/devices/${id}/release`, { workflow_id: 'holder' }),
    ]);
    assert.equal(released.status, 200);
    const next = released.body.next_booking as unknown as { workflow_id: string };
    // Whichever came first: the device went to the one who was ahead at that moment.
    if (moving === second) {
      assert.equal(moved.status, 200);
      ends.add(next.workflow_id);
    } else if (moved.status === 200) assert.equal(next.workflow_id, 'second');
    else {
      assert.equal(moved.body.code, 'queue_entry_not_waiting');
      assert.equal(next.workflow_id, 'first');
    }
    assert.equal((await list(id)).length, 1);
    assert.equal(await audited(id), moved.status === 200 ? 1 : 0);
  }
});
