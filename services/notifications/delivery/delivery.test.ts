import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { listLimits } from '@labwright/jobs';
import { systemClock } from '@labwright/kernel/clock';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { TryLater, Undeliverable } from '../channels/channel.ts';
import { openNotifications, simulatedPeople, type TestNotifications } from '../testing/open.ts';

/** Ten in the morning, of tomorrow: what waits for a later time waits by the clock of the database too. */
const morning = new Date().setUTCHours(24 + 10, 0, 0, 0);
/** Of this hub alone; sleeps as long as any. */
let now = morning;
const hubClock = { now: () => now, sleep: systemClock.sleep };
const locked = new Set<string>();

let hub: TestNotifications;
before(async () => {
  hub = await openNotifications({ clock: hubClock, people: simulatedPeople(locked), repeatable: false });
});
const clear = [
  command('test.delivery.clear_deliveries', 'DELETE FROM notification_deliveries'),
  command('test.delivery.clear_digests', 'DELETE FROM notification_digests'),
  command('test.delivery.clear_subscriptions', 'DELETE FROM notification_subscriptions'),
  command('test.delivery.clear_people', 'DELETE FROM notification_people'),
  command('test.delivery.clear_jobs', 'DELETE FROM jobs'),
];
afterEach(async () => {
  now = morning;
  locked.clear();
  hub.channels.email.onSend = () => {};
  hub.channels.email.sent.length = 0;
  await hub.settled();
  for (const statement of clear) await hub.db.execute(statement);
});
after(() => hub.close());

const email = () => hub.channels.email;
const subscribe = (digest: 'none' | 'hourly' | 'daily', person = 'p-0000001') =>
  hub.request(
    'POST',
    '/notifications/subscriptions',
    { channel: 'email', event_type: 'workflow.*', digest },
    person,
  );
const prefer = (preferences: object) =>
  hub.request('PUT', '/notifications/preferences', {
    time_zone: 'UTC',
    quiet_hours: null,
    digest_at: '08:00',
    ...preferences,
  });
const states = async () => (await hub.deliveries()).map(({ state }) => state);
const announced = async (changes = {}) => {
  const event = await hub.announce(changes);
  await hub.settled();
  return event;
};
const jobTimes = rows(
  'test.delivery.job_times',
  Type.Object({ task: Type.String(), at: Type.String() }),
  `SELECT task, run_at AS at FROM jobs WHERE state = 'scheduled' ORDER BY id`,
);

const retries = rows(
  'test.delivery.retries',
  Type.Object({ at: Type.String() }),
  `SELECT run_at AS at FROM jobs WHERE state = 'retrying'`,
);

test('what was sent says so; a message has the address of the account, whole links and one id', async () => {
  await subscribe('none');
  const event = await announced();
  const [message] = email().sent;
  assert.equal(message?.to.address, 'p-0000001@example.org');
  assert.equal(message?.items[0].link, 'http://hub.test/workflows/w1');
  assert.equal(message?.items[0].event_id, event.id);
  assert.deepEqual(await states(), ['sent']);
});

test('refused for now: tried again by its job, later and later, with the same id', async () => {
  await subscribe('none');
  const ids: string[] = [];
  email().onSend = (message) => {
    ids.push(message.id);
    if (ids.length < 3) throw new Error('busy');
  };
  await announced();
  assert.deepEqual([ids.length, await states()], [1, ['pending']]);
  await hub.makeDue();
  await hub.settled();
  await hub.makeDue();
  await hub.settled();
  assert.equal(ids.length, 3);
  assert.equal(new Set(ids).size, 1);
  assert.deepEqual(await hub.deliveries(), [
    { person_id: 'p-0000001', channel: 'email', state: 'sent', attempts: 3 },
  ]);
});

test('a mail server that is away for hours: tried with growing pauses for a day, then failed, and administrators see why', async () => {
  await subscribe('none');
  email().onSend = () => {
    throw new Error('the mail server is away');
  };
  await announced();
  const pauses: number[] = [];
  let [{ at: next } = { at: '' }] = await hub.db.query(retries);
  for (; (await states())[0] === 'pending'; [{ at: next } = { at: '' }] = await hub.db.query(retries)) {
    pauses.push((Date.parse(next) - now) / 1_000);
    now = Date.parse(next);
    await hub.makeDue();
    await hub.settled();
  }
  const rounded = pauses.map((pause, n) => pause / Math.min(10 * 2 ** n, 1_800));
  assert.ok(
    rounded.every((share) => share > 0.89 && share < 1.11),
    JSON.stringify(pauses),
  );
  assert.ok(now <= morning + 86_400_000 && now > morning + 84_000_000, 'a day, and no more');

  const own = await hub.request('GET', '/notifications/failures');
  assert.equal(own.status, 403);
  hub.as({ role: 'admin' });
  const { body } = await hub.request('GET', '/notifications/failures?limit=1');
  hub.as({});
  const [failure] = body.deliveries as Record<string, unknown>[];
  assert.deepEqual(
    [failure?.person_id, failure?.state, failure?.title],
    ['p-0000001', 'failed', 'PCR failed'],
  );
  assert.match(
    String(failure?.error),
    /^It was not taken in \d+ attempts, and its time is over: the mail server is away$/,
  );
});

test('a laboratory that was away itself for days tries ten times all the same', async () => {
  await subscribe('none');
  email().onSend = () => {
    throw new Error('busy');
  };
  await announced();
  now = morning + 3 * 86_400_000;
  for (let turn = 1; turn < 9; turn += 1) {
    await hub.makeDue();
    await hub.settled();
  }
  assert.deepEqual(await hub.deliveries(), [
    { person_id: 'p-0000001', channel: 'email', state: 'pending', attempts: 9 },
  ]);
  await hub.makeDue();
  await hub.settled();
  assert.deepEqual(await states(), ['failed']);
});

test('refused for good: failed, with the reason, and not tried again', async () => {
  await subscribe('none');
  let asked = 0;
  email().onSend = () => {
    asked += 1;
    throw new Undeliverable('no such mailbox');
  };
  await announced();
  await hub.makeDue();
  await hub.settled();
  assert.equal(asked, 1);
  const { body } = await hub.request('GET', '/notifications/deliveries');
  const [delivery] = body.deliveries as { state: string; error: string; title: string }[];
  assert.deepEqual(
    [delivery?.state, delivery?.error, delivery?.title],
    ['failed', 'no such mailbox', 'PCR failed'],
  );
});

test('later, says the other side: not before that', async () => {
  await subscribe('none');
  email().onSend = () => {
    throw new TryLater(3_600_000, 'in an hour');
  };
  now = Date.now();
  await announced();
  const [retry] = await hub.db.query(
    rows(
      'test.delivery.retry',
      Type.Object({ seconds: Type.Number() }),
      `SELECT extract(epoch FROM run_at - now())::float8 AS seconds FROM jobs WHERE state = 'retrying'`,
    ),
  );
  assert.ok(retry && retry.seconds > 3_500 && retry.seconds < 3_700, JSON.stringify(retry));
});

test('a person who is locked meanwhile is told nothing', async () => {
  await subscribe('none');
  email().onSend = () => {
    throw new Error('busy');
  };
  await announced();
  locked.add('p-0000001');
  await hub.makeDue();
  await hub.settled();
  assert.deepEqual(await states(), ['failed']);
  assert.equal(email().sent.length, 0);
});

test('quiet hours: kept back until their end; what is critical is not', async () => {
  await subscribe('none');
  await prefer({ time_zone: 'Asia/Tokyo', quiet_hours: { from: '18:00', until: '23:30' } });
  // 19:00 in Tokyo.
  await announced();
  await announced({ severity: 'critical', title: 'Fire' });
  assert.deepEqual(
    email().sent.map(({ items }) => items[0].title),
    ['Fire'],
  );
  const [waiting] = await hub.db.query(jobTimes);

  assert.equal(Date.parse(waiting?.at ?? ''), morning + 4.5 * 3_600_000);
  now = morning + 4.5 * 3_600_000;
  await hub.makeDue();
  await hub.settled();
  assert.equal(email().sent.length, 2);
});

test('a message that a retry brings into quiet hours waits for their end', async () => {
  await subscribe('none');
  email().onSend = () => {
    throw new Error('busy');
  };
  await announced();
  await prefer({ quiet_hours: { from: '10:30', until: '12:00' } });
  email().onSend = () => {};
  now = morning + 3_600_000;
  await hub.makeDue();
  await hub.settled();
  assert.deepEqual([email().sent.length, await states()], [0, ['pending']]);
  now = morning + 2 * 3_600_000;
  await hub.makeDue();
  await hub.settled();
  assert.deepEqual([email().sent.length, await states()], [1, ['sent']]);
});

test('a digest collects an hour into one message, and the next hour into another', async () => {
  await subscribe('hourly');
  const titles = ['one', 'two', 'three'];
  for (const title of titles) await announced({ title });
  assert.deepEqual(await states(), ['collected', 'collected', 'collected']);
  assert.equal(email().sent.length, 0);
  now = morning + 3_600_000;
  await announced({ title: 'later' });
  await hub.makeDue();
  await hub.settled();
  // Both are due by now, and go out beside each other.
  assert.deepEqual(
    email()
      .sent.map(({ kind, items }) => [kind, items.map(({ title }) => title)])
      .sort((a, b) => (b[1]?.length ?? 0) - (a[1]?.length ?? 0)),
    [
      ['digest', titles],
      ['digest', ['later']],
    ],
  );
  assert.deepEqual(await states(), ['sent', 'sent', 'sent', 'sent']);
});

test('what is critical does not wait for a digest; an immediate subscription goes before a digest', async () => {
  await subscribe('daily');
  await announced({ severity: 'critical', title: 'Fire' });
  await hub.request('POST', '/notifications/subscriptions', {
    channel: 'email',
    event_type: 'workflow.failed',
    min_severity: 'warning',
  });
  await announced({ title: 'Failed' });
  assert.deepEqual(
    email().sent.map(({ kind, items }) => [kind, items[0].title]),
    [
      ['single', 'Fire'],
      ['single', 'Failed'],
    ],
  );
});

test('a digest of 130 lists 100 and says that there are 30 more', async () => {
  await subscribe('hourly');
  for (let n = 0; n < 130; n += 1) await hub.announce({ title: `n${n}` });
  await hub.settled();
  now = morning + 3_600_000;
  await hub.makeDue();
  await hub.settled();
  assert.deepEqual(
    email().sent.map(({ items, more }) => [items.length, more]),
    [[100, 30]],
  );
});

test('a digest whose mail server is busy is tried again, as one message', async () => {
  await subscribe('hourly');
  await announced();
  let asked = 0;
  email().onSend = () => {
    asked += 1;
    if (asked === 1) throw new Error('busy');
  };
  now = morning + 3_600_000;
  await hub.makeDue();
  await hub.settled();
  await hub.makeDue();
  await hub.settled();
  assert.deepEqual([asked, email().sent.length, await states()], [2, 1, ['sent']]);
});

test('each channel has its rate, in the engine', async () => {
  const own = await openNotifications({ rates: { email: { limit: 3, perMs: 1_000 } } });
  try {
    const limits = await listLimits(own.db);
    assert.deepEqual(
      limits.map(({ scope, name, starts, per_ms }) => [scope, name, starts, per_ms]),
      [
        ['queue', 'notifications.email', 3, '1000'],
        ['queue', 'notifications.slack', 5, '1000'],
        ['queue', 'notifications.webhook', 50, '1000'],
      ],
    );
    await own.subscribeMany(1, 6, 'email');
    const begun = performance.now();
    await own.announce();
    await own.settled();
    // The first at once, five more at three a second.
    const took = performance.now() - begun;
    assert.equal(own.channels.email.sent.length, 6);
    assert.ok(took > 1_400, `it took ${took} ms`);
  } finally {
    await own.close();
  }
});
