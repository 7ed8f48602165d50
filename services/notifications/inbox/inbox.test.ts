import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { openNotifications, type TestNotifications } from '../testing/open.ts';

let hub: TestNotifications;
before(async () => {
  hub = await openNotifications();
});
const announced = rows(
  'test.inbox.announced',
  Type.Object({ subject: Type.String() }),
  "SELECT subject FROM audit_pending WHERE action = 'laboratory.announce'",
);
const clear = command('test.inbox.clear', 'DELETE FROM notification_inbox');
afterEach(async () => {
  hub.as({});
  await hub.db.execute(clear);
});
after(() => hub.close());

const me = 'p-0000001';
interface Line {
  id: string;
  title: string;
  read_at: string | null;
}
const list = async (query = '', person = me) => {
  const { body, status } = await hub.request('GET', `/notifications${query}`, undefined, person);
  assert.equal(status, 200, JSON.stringify(body));
  const { unread, next_cursor } = body;
  return { lines: body.notifications as Line[], unread, next_cursor };
};
const tell = async (count: number, recipients = [me]) => {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    ids.push((await hub.announce({ title: `n${n}`, recipients })).id);
    // One after the other: the order of the inbox is that of their arrival.
    await hub.settled();
  }
  return ids;
};

test('newest first, by pages that neither skip nor repeat while new ones arrive', async () => {
  const ids = await tell(5);
  const first = await list('?limit=2');
  assert.deepEqual(
    first.lines.map(({ id }) => id),
    [ids[4], ids[3]],
  );
  await tell(1);
  const second = await list(`?limit=2&cursor=${first.next_cursor}`);
  const third = await list(`?limit=2&cursor=${second.next_cursor}`);
  assert.deepEqual(
    [...second.lines, ...third.lines].map(({ id }) => id),
    [ids[2], ids[1], ids[0]],
  );
  assert.equal(third.next_cursor, null);
});

test('read one, read up to one, read all: the count follows', async () => {
  const ids = await tell(4);
  assert.equal((await list()).unread, 4);
  const read = await hub.request('POST', `/notifications/${ids[3]}/read`);
  assert.deepEqual([read.status, read.body.unread], [200, 3]);
  assert.deepEqual((await hub.request('POST', `/notifications/${ids[3]}/read`)).body.unread, 3);
  const upTo = await hub.request('POST', '/notifications/read', { up_to: ids[1] });
  assert.equal(upTo.body.unread, 1);
  assert.deepEqual(
    (await list('?unread=true')).lines.map(({ id }) => id),
    [ids[2]],
  );
  assert.equal((await hub.request('POST', '/notifications/read', {})).body.unread, 0);
  assert.deepEqual((await hub.request('GET', '/notifications/unread')).body, { unread: 0 });
});

test('nobody reads, or marks, what is not theirs', async () => {
  const [id] = await tell(1, ['p-0000002']);
  assert.deepEqual((await list()).lines, []);
  const answer = await hub.request('POST', `/notifications/${id}/read`);
  assert.deepEqual([answer.status, answer.body.code], [404, 'notification_not_found']);
  assert.equal((await hub.request('POST', '/notifications/read', { up_to: id ?? '' })).status, 404);
  assert.equal((await list('', 'p-0000002')).unread, 1);
});

test('the count ends at 1,000', async () => {
  const event = await hub.announce({ recipients: [] });
  await hub.settled();
  const events = command(
    'test.inbox.many',
    `WITH e AS (INSERT INTO notification_events (id, type, severity, title, text, occurred_at)
       SELECT gen_random_uuid(), 'a.b', 'info', 't', '', now() FROM generate_series(1, 6500) RETURNING id)
     INSERT INTO notification_inbox (event_id, person_id) SELECT id, $1 FROM e`,
  );
  await hub.db.execute(events, [me]);
  assert.equal((await list('?limit=1')).unread, 1_000);
  // More than one batch.
  assert.equal((await hub.request('POST', '/notifications/read', {})).body.unread, 0);
  assert.ok(event.id);
});

test('a cursor may be any text: always one clear error', async () => {
  const made = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');
  for (const cursor of [
    'nonsense',
    made(['inbox']),
    made(['inbox', '9223372036854775808']),
    made(['inbox', 5]),
    made(['mail', '5']),
    made({}),
  ]) {
    const answer = await hub.request('GET', `/notifications?cursor=${cursor}`);
    assert.deepEqual([answer.status, answer.body.code], [400, 'invalid_cursor'], cursor);
  }
  for (const cursor of [
    made(['deliveries', '2026-02-31T00:00:00Z', randomUUID(), 'email']),
    made(['deliveries', '2026-01-01T00:00:00Z', 'x', 'email']),
    made(['deliveries', '2026-01-01T00:00:00Z', randomUUID(), "e'"]),
  ]) {
    const answer = await hub.request('GET', `/notifications/deliveries?cursor=${cursor}`);
    assert.deepEqual([answer.status, answer.body.code], [400, 'invalid_cursor'], cursor);
  }
});

test('deliveries are paged without a gap', async () => {
  await hub.request('POST', '/notifications/subscriptions', { channel: 'email' }, 'p-0000009');
  for (let n = 0; n < 5; n += 1) await hub.announce({ title: `n${n}` });
  await hub.settled();
  const seen: string[] = [];
  let cursor: unknown = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`;
    const { body } = await hub.request(
      'GET',
      `/notifications/deliveries?limit=2${query}`,
      undefined,
      'p-0000009',
    );
    seen.push(...(body.deliveries as { title: string }[]).map(({ title }) => title));
    cursor = body.next_cursor;
  } while (cursor !== null);
  assert.deepEqual(seen.sort(), ['n0', 'n1', 'n2', 'n3', 'n4']);
});

test('a token has no inbox', async () => {
  hub.as({ kind: 'token', role: 'admin' });
  for (const url of ['/notifications', '/notifications/subscriptions', '/notifications/preferences']) {
    const answer = await hub.request('GET', url);
    assert.deepEqual([answer.status, answer.body.code], [403, 'people_only'], url);
  }
});

test('an announcement of an operator goes to everybody who came; others may not announce', async () => {
  await list();
  hub.as({ role: 'scientist' });
  assert.equal((await hub.request('POST', '/announcements', { title: 'x' })).status, 403);
  hub.as({ role: 'operator' });
  const made = await hub.request('POST', '/announcements', {
    title: 'Fire drill at noon',
    text: 'Leave by the stairs.',
  });
  assert.equal(made.status, 202);
  const entries = (await hub.db.query(announced)).map(({ subject }) => subject);
  assert.deepEqual(entries, [`announcement:${made.body.id}`]);
  await hub.settled();
  const { lines } = await list();
  assert.equal(lines.find(({ id }) => id === made.body.id)?.title, 'Fire drill at noon');
});
