import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { severities } from '@labwright/contract-hub/announce';
import { command, rows } from '@labwright/kernel/statement';
import { seededRandom } from '@labwright/kernel/testing';
import Type from 'typebox';
import { openNotifications, simulatedPeople, type TestNotifications } from '../testing/open.ts';

const locked = new Set(['p-0000007']);
let hub: TestNotifications;
before(async () => {
  hub = await openNotifications({ people: simulatedPeople(locked) });
});
const clear = [
  command('test.fan_out.clear_inbox', 'DELETE FROM notification_inbox'),
  command('test.fan_out.clear_deliveries', 'DELETE FROM notification_deliveries'),
  command('test.fan_out.clear_subscriptions', 'DELETE FROM notification_subscriptions'),
  command('test.fan_out.clear_jobs', 'DELETE FROM jobs'),
];
afterEach(async () => {
  await hub.settled();
  for (const statement of clear) await hub.db.execute(statement);
});
after(() => hub.close());

const ranges = rows(
  'test.fan_out.ranges',
  Type.Object({ jobs: Type.Integer() }),
  `SELECT count(*)::int AS jobs FROM jobs WHERE task = 'notifications.range'`,
);
const subscribe = command(
  'test.fan_out.subscribe',
  `INSERT INTO notification_subscriptions (id, person_id, channel, event_type, device_id, workflow_id, min_severity)
   VALUES ($1, $2, 'in_app', $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
);
const again = command(
  'test.fan_out.again',
  `UPDATE jobs SET state = 'ready', attempts = 0, finished_at = NULL WHERE task IN ('notifications.range', 'notifications.fan_out')`,
);

test('one event to 2,500 people: one row, jobs of 1,000, one notification each', async () => {
  await hub.subscribeMany(1, 2_500);
  const { id } = await hub.announce();
  await hub.settled();
  const told = await hub.inboxes();
  assert.equal(told.length, 2_499, 'all but the one who is locked');
  assert.equal(new Set(told.map(({ person_id }) => person_id)).size, 2_499);
  assert.ok(told.every(({ event_id }) => event_id === id));
  assert.deepEqual(await hub.db.first(ranges), { jobs: 3 });
});

test('announced again, or fanned out again, nobody hears of it twice', async () => {
  await hub.subscribeMany(1, 1_200);
  await hub.subscribeMany(1, 300, 'email');
  const event = await hub.announce();
  await hub.announce(event);
  await hub.settled();
  await hub.db.execute(again);
  await hub.announce(event);
  await hub.settled();
  assert.equal((await hub.inboxes()).length, 1_199);
  assert.equal(hub.channels.email.sent.length, 299);
  hub.channels.email.sent.length = 0;
});

test('an event that is rolled back is told to nobody', async () => {
  await hub.subscribeMany(1, 3);
  await assert.rejects(
    hub.db.transaction(async (tx) => {
      await hub.module.announcer.announce(tx, hub.event());
      throw new Error('changed my mind');
    }),
    /changed my mind/,
  );
  await hub.settled();
  assert.deepEqual(await hub.inboxes(), []);
});

test('those whom an event names find it in their inbox, subscribed or not; nobody else does', async () => {
  await hub.subscribeMany(1, 5);
  await hub.subscribeMany(2, 3, 'email');
  const recipients = ['p-0000002', 'p-0000009', 'p-0000002', 'p-0000007'];
  await hub.announce({ recipients });
  await hub.settled();
  assert.deepEqual(
    (await hub.inboxes()).map(({ person_id }) => person_id),
    ['p-0000002', 'p-0000009'],
  );
  assert.deepEqual(
    hub.channels.email.sent.map(({ to }) => to.address),
    ['p-0000002@example.org'],
  );
  hub.channels.email.sent.length = 0;
});

test('an event that names 2,300 people goes to each once', async () => {
  const recipients = Array.from({ length: 2_300 }, (_, n) => `q-${n}`);
  await hub.announce({ recipients });
  await hub.settled();
  assert.deepEqual((await hub.inboxes()).map(({ person_id }) => person_id).sort(), recipients.sort());
});

test('what is said wrongly is refused where it is said', async () => {
  await assert.rejects(hub.announce({ type: 'Failed' }), /noun\.verb/);
  const recipients = Array.from({ length: 10_001 }, (_, n) => `q-${n}`);
  await assert.rejects(hub.announce({ recipients }), /at most 10000/);
  // Text that PostgreSQL could not keep as it is.
  await hub.announce({ title: 'a\0b\nc\uD800', text: `\0${'x'.repeat(20_000)}`, recipients: ['p-0000001'] });
  await hub.settled();
  const { body } = await hub.request('GET', '/notifications');
  const [line] = body.notifications as { title: string; text: string }[];
  assert.equal(line?.title, 'a b c\uFFFD');
  assert.equal(line?.text.length, 10_000);
});

test('by type, device, run and severity: as a plain reading of the subscriptions says', async () => {
  const random = seededRandom('subscriptions');
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;
  const wishes: { person: string; type: string; device: string | null; run: string | null; least: number }[] =
    [];
  for (let n = 0; n < 400; n += 1) {
    const wish = {
      person: `p-1${random.below(60)}`,
      type: pick(['*', 'workflow.*', 'workflow.failed', 'device.*', 'device.paused', 'chat.mention']),
      device: pick([null, null, 'd1', 'd2']),
      run: pick([null, null, 'w1', 'w2']),
      least: random.below(3),
    };
    wishes.push(wish);
    const { person, type, device, run, least } = wish;
    await hub.db.execute(subscribe, [randomUUID(), person, type, device, run, severities[least]]);
  }
  for (let round = 0; round < 25; round += 1) {
    const type = pick([
      'workflow.failed',
      'workflow.paused',
      'device.paused',
      'chat.mention',
      'device.error',
    ]);
    const severity = random.below(3);
    const device_id = pick([undefined, 'd1', 'd2', 'd3']);
    const workflow_id = pick([undefined, 'w1', 'w2']);
    const subject = { ...(device_id ? { device_id } : {}), ...(workflow_id ? { workflow_id } : {}) };
    const { id } = await hub.announce({ type, severity: severities[severity] ?? 'info', subject });
    await hub.settled();
    const expected = wishes.filter(
      (wish) =>
        (wish.type === '*' || wish.type === type || wish.type === `${type.split('.')[0]}.*`) &&
        (wish.device === null || wish.device === device_id) &&
        (wish.run === null || wish.run === workflow_id) &&
        wish.least <= severity,
    );
    const told = (await hub.inboxes()).filter(({ event_id }) => event_id === id);
    assert.deepEqual(
      told.map(({ person_id }) => person_id).sort(),
      [...new Set(expected.map(({ person }) => person))].sort(),
      JSON.stringify({ type, severity, subject }),
    );
  }
});

test('people who subscribe while ranges are cut make no range longer than 1,000', async () => {
  await hub.subscribeMany(1, 10);
  await hub.subscribeMany(5_000, 5_010);
  const { id } = await hub.announce({ type: 'chat.mention' });
  await hub.settled();
  // As if they had come between the cut and its job.
  await hub.subscribeMany(11, 2_600);
  await hub.db.execute(again);
  await hub.settled();
  const told = (await hub.inboxes()).filter(({ event_id }) => event_id === id);
  assert.equal(told.length, 2_610, 'each once, but the one who is locked');
  const { jobs } = (await hub.db.first(ranges)) ?? { jobs: 0 };
  assert.ok(jobs >= 4, `${jobs} range jobs`);
});
