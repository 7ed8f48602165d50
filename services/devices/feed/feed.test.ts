import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { EventPage } from '@labwright/contract-devices';
import { createFeed } from '@labwright/feed';
import { manualClock } from '@labwright/kernel/clock';
import { isProblem } from '@labwright/kernel/errors';
import { command } from '@labwright/kernel/statement';
import { type Laboratory, openLaboratory } from '../testing/laboratory.ts';
import { deviceEvents } from './events.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
});
after(() => lab.close());

/** Everything that is there now, and the cursor behind it. */
async function readAll(cursor?: string): Promise<{ events: EventPage['events']; cursor: string }> {
  const events: EventPage['events'] = [];
  let at = cursor;
  for (;;) {
    const page = await lab.api.events({ ...(at === undefined ? {} : { cursor: at }), wait_seconds: 0 });
    events.push(...page.events);
    if (page.events.length === 0) return { events, cursor: page.next_cursor };
    at = page.next_cursor;
  }
}

const write = command(
  'test.feed.write',
  `INSERT INTO events (type, device_id, data) SELECT 'device.changed', $1, jsonb_build_object('n', n)
   FROM generate_series(1, $2::int) AS n`,
);
const age = command(
  'test.feed.age',
  `UPDATE events SET at = clock_timestamp() - interval '8 days' WHERE device_id = $1`,
);
/** As if the database had been restored here. */
const elsewhere = command('test.feed.elsewhere', `UPDATE feed_epoch SET place = 'elsewhere'`);
const unknown = command('test.feed.unknown', `UPDATE feed_epoch SET place = NULL`);
const future = command(
  'test.feed.future',
  `UPDATE events SET xid = (feed_number()::text::bigint + 1000000000)::text::xid8 WHERE device_id = $1`,
);

test('the life of a device, event by event', async () => {
  const { cursor } = await readAll();
  const id = await lab.addDevice();
  const first = await lab.api.book({ device_id: id, workflow_id: 'w1' });
  const { entry } = await lab.api.enqueue({ device_id: id, workflow_id: 'w2' });
  const other = (await lab.api.enqueue({ device_id: id, workflow_id: 'w3' })).entry;
  await lab.api.enqueue({ device_id: id, workflow_id: 'w3', priority: 'low' });
  await lab.api.withdraw({ device_id: id, workflow_id: 'w3', reason: 'enough' });
  await lab.request('POST', `/devices/${id}/release`, { workflow_id: 'w1', reason: 'done' });
  await lab.request('PATCH', `/devices/${id}`, { paused: true });
  const { events } = await readAll(cursor);
  const told = events.map(({ type, device_id, workflow_id, data }) => [type, device_id, workflow_id, data]);
  const next = (await lab.api.getDevice(id)) as { booking?: { id: string } };
  assert.deepEqual(told, [
    ['device.changed', id, null, { status: 'available', paused: false, deleted: false }],
    ['booking.granted', id, 'w1', { booking_id: first.id, fencing_token: 1, queue_entry_id: null }],
    ['queue.entered', id, 'w2', { entry_id: entry.id }],
    ['queue.entered', id, 'w3', { entry_id: other.id }],
    ['queue.entered', id, 'w3', { entry_id: other.id, reason: 'priority_changed', priority: 'low' }],
    ['queue.cancelled', id, 'w3', { entry_id: other.id, reason: 'enough' }],
    ['booking.released', id, 'w1', { booking_id: first.id, reason: 'done' }],
    [
      'booking.granted',
      id,
      'w2',
      { booking_id: next.booking?.id, fencing_token: 2, queue_entry_id: entry.id },
    ],
    ['device.changed', id, null, { status: 'busy', paused: true, deleted: false }],
  ]);
});

test('GET /events 200 in pages of 200; the cursor stays where nothing is new', async () => {
  const { cursor } = await readAll();
  await lab.db.execute(write, ['many', 450]);
  const sizes: number[] = [];
  let at = cursor;
  for (let page = 0; page < 4; page += 1) {
    const { status, body } = await lab.request<typeof EventPage>('GET', `/events?cursor=${at}`);
    assert.equal(status, 200);
    sizes.push(body.events.length);
    if (body.events.length === 0) assert.equal(body.next_cursor, at);
    at = body.next_cursor;
  }
  assert.deepEqual(sizes, [200, 200, 50, 0]);
});

test('a reader goes on after any event by its own cursor', async () => {
  const { cursor } = await readAll();
  await lab.db.execute(write, ['one by one', 5]);
  const { events } = await readAll(cursor);
  for (const [index, event] of events.entries())
    assert.deepEqual((await readAll(event.cursor)).events, events.slice(index + 1));
});

test('from now on: nothing that was, and everything that comes', async () => {
  await lab.db.execute(write, ['before', 3]);
  const { body } = await lab.request<typeof EventPage>('GET', '/events?cursor=now');
  assert.deepEqual(body.events, []);
  await lab.db.execute(write, ['after', 2]);
  const { events } = await readAll(body.next_cursor);
  assert.deepEqual(
    events.map(({ device_id }) => device_id),
    ['after', 'after'],
  );
  const clock = manualClock();
  const waiting = createFeed(deviceEvents, lab.db, clock, 500).read({ cursor: 'now', wait_seconds: 10 });
  await clock.sleepers(1);
  await lab.db.execute(write, ['while somebody waits', 1]);
  await clock.advance(500);
  assert.deepEqual(
    (await waiting).events.map(({ device_id }) => device_id),
    ['while somebody waits'],
  );
});

test('GET /events 400: a cursor that is not ours, or of another database, or too long a wait', async () => {
  for (const cursor of ['x', '1', '1:', ':1', '1:99999999999999999999', '99999999999999999999:1', '1:1:1']) {
    const { status, body } = await lab.request('GET', `/events?cursor=${cursor}`);
    assert.equal(status, 400, cursor);
    assert.equal(body.code, 'invalid_cursor');
  }
  const ahead = await lab.request('GET', '/events?cursor=9999999999999:1');
  assert.equal(ahead.body.code, 'invalid_cursor');
  assert.match(ahead.body.detail, /restored/);
  assert.equal((await lab.request('GET', '/events?wait_seconds=61')).status, 400);
});

test('a reader that waits is woken by the next event of this process', async () => {
  const id = await lab.addDevice();
  const { cursor } = await readAll();
  const waiting = lab.api.events({ cursor, wait_seconds: 60 });
  await lab.api.book({ device_id: id, workflow_id: 'w1' });
  assert.deepEqual(
    (await waiting).events.map(({ type }) => type),
    ['booking.granted'],
  );
});

test('a reader looks again after feedPollMs, since other processes do not call; and gives up in time', async () => {
  const clock = manualClock();
  const feed = createFeed(deviceEvents, lab.db, clock, 500);
  const { cursor } = await readAll();
  const waiting = feed.read({ cursor, wait_seconds: 10 });
  await clock.sleepers(1);
  await lab.db.execute(write, ['elsewhere', 1]);
  await clock.advance(500);
  const page = await waiting;
  assert.equal(page.events.length, 1);

  const nothing = feed.read({ cursor: page.next_cursor, wait_seconds: 0.75 });
  await clock.sleepers(1);
  await clock.advance(500);
  await clock.sleepers(1);
  await clock.advance(250);
  assert.deepEqual(await nothing, { events: [], next_cursor: page.next_cursor });
});

test('stop lets every reader go, and a reader that is gone leaves nothing behind', async () => {
  const clock = manualClock();
  const feed = createFeed(deviceEvents, lab.db, clock, 500);
  const { cursor } = await readAll();
  const gone = new AbortController();
  const readers = [
    feed.read({ cursor, wait_seconds: 60, signal: gone.signal }),
    feed.read({ cursor, wait_seconds: 60 }),
  ];
  await clock.sleepers(2);
  gone.abort();
  assert.deepEqual((await readers[0])?.events, []);
  feed.stop();
  assert.deepEqual((await readers[1])?.events, []);
  assert.deepEqual((await feed.read({ cursor, wait_seconds: 60 })).events, []);
});

test('in process an aborted reader rejects with the reason of its signal', async () => {
  const { cursor } = await readAll();
  const gone = new AbortController();
  const reason = new Error('had enough');
  const waiting = lab.api.events({ cursor, wait_seconds: 60, signal: gone.signal });
  gone.abort(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(lab.api.events({ wait_seconds: 0, signal: gone.signal }), reason);
});

test('events older than seven days are forgotten, in batches; a stop ends it early', async () => {
  await lab.db.execute(write, ['old', 12_000]);
  await lab.db.execute(age, ['old']);
  const stopped = AbortSignal.abort();
  assert.equal(await deviceEvents.trim(lab.db, stopped), 0);
  assert.equal(await deviceEvents.trim(lab.db, new AbortController().signal), 12_000);
  assert.equal((await readAll()).events.filter(({ device_id }) => device_id === 'old').length, 0);
});

test('after a restore numbers go on: a cursor from before misses nothing, and what was told before stays before', async () => {
  await lab.db.execute(write, ['before', 2]);
  const { cursor } = await readAll();
  // On the server of the backup a million transactions more had been counted, and a reader has seen events of them.
  const [xid, id] = cursor.split(':');
  const ahead = `${BigInt(xid ?? 0) + 1_000_000n}:${id}`;
  await assert.rejects(deviceEvents.read(lab.db, ahead), { code: 'invalid_cursor' });
  await lab.db.execute(elsewhere);
  await Promise.all([deviceEvents.adoptRestored(lab.db), deviceEvents.adoptRestored(lab.db)]);
  await deviceEvents.adoptRestored(lab.db);
  await lab.db.execute(write, ['after', 3]);
  for (const from of [cursor, ahead]) {
    const { events } = await readAll(from);
    assert.deepEqual(
      events.map(({ device_id, data }) => [device_id, data]),
      [1, 2, 3].map((n) => ['after', { n }]),
    );
  }
  assert.deepEqual(
    (await readAll()).events.slice(-5).map(({ device_id }) => device_id),
    ['before', 'before', 'after', 'after', 'after'],
  );
  const [now] = (await readAll()).cursor.split(':');
  assert.equal(BigInt(now ?? 0) >> 48n, 1n, 'one epoch for one restore');
});

test('a database that carries numbers of another server and was never looked at begins a new epoch', async () => {
  await lab.db.execute(write, ['restored', 3]);
  await lab.db.execute(future, ['restored']);
  await lab.db.execute(unknown);
  const { cursor } = await readAll();
  await deviceEvents.adoptRestored(lab.db);
  await lab.db.execute(write, ['later', 1]);
  const { events } = await readAll(cursor);
  assert.deepEqual(
    events.map(({ device_id }) => device_id),
    ['restored', 'restored', 'restored', 'later'],
  );
});

test('an open transaction of another database does not hold the feed back', async () => {
  const elsewhere = await openLaboratory();
  try {
    const open = Promise.withResolvers<void>();
    const inside = Promise.withResolvers<void>();
    const transaction = elsewhere.db.transaction(async (tx) => {
      await tx.execute(write, ['elsewhere', 1]);
      inside.resolve();
      await open.promise;
    });
    await inside.promise;
    const { cursor } = await readAll();
    await lab.db.execute(write, ['here', 1]);
    const page = await deviceEvents.read(lab.db, cursor);
    open.resolve();
    await transaction;
    assert.equal(page.events.length, 1);
  } finally {
    await elsewhere.close();
  }
});

test('a cursor may be any text that is not a cursor: always one clear error', async () => {
  await assert.rejects(deviceEvents.read(lab.db, 'a:b'), (error) => isProblem(error, 'invalid_cursor'));
});
