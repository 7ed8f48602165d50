/** Messages of which nobody knows whether they were taken: none is lost, and none comes for ever. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { command, rows } from '@labwright/kernel/statement';
import { eventually } from '@labwright/kernel/testing';
import Type from 'typebox';
import { type Message, Uncertain } from '../channels/channel.ts';
import type { TestChannel } from '../testing/channel.ts';
import { openNotifications, type TestNotifications } from '../testing/open.ts';

let hub: TestNotifications;
before(async () => {
  hub = await openNotifications({ repeatable: false });
});
const clear = [
  command('test.doubts.clear_deliveries', 'DELETE FROM notification_deliveries'),
  command('test.doubts.clear_digests', 'DELETE FROM notification_digests'),
  command('test.doubts.clear_subscriptions', 'DELETE FROM notification_subscriptions'),
  command('test.doubts.clear_jobs', 'DELETE FROM jobs'),
];
afterEach(async () => {
  await hub.settled();
  for (const statement of clear) await hub.db.execute(statement);
  email().onSend = () => {};
  email().sent.length = 0;
});
after(() => hub.close());

const email = (): TestChannel => hub.channels.email;
const subscribe = (digest: 'none' | 'hourly' = 'none', person = 'p-0000001') =>
  hub.request('POST', '/notifications/subscriptions', { channel: 'email', event_type: '*', digest }, person);
const announced = async () => {
  await hub.announce();
  await hub.settled();
};
const goOn = async () => {
  await hub.makeDue();
  await hub.settled();
};
const states = async () => (await hub.deliveries()).map(({ state, attempts }) => `${state} ${attempts}`);
/** What the other side is asked, whether it answers or not. */
const asked = (answer: (count: number) => void): Message[] => {
  const all: Message[] = [];
  email().onSend = (message) => {
    all.push(message);
    answer(all.length);
  };
  return all;
};
const noAnswer = () => {
  throw new Uncertain('the line broke');
};

test('no answer: sent again under the same id, as one that may have come before', async () => {
  await subscribe();
  const all = asked((count) => count === 1 && noAnswer());
  await announced();
  assert.deepEqual(await states(), ['pending 1']);
  await goOn();
  assert.deepEqual(
    all.map(({ again }) => again),
    [false, true],
  );
  assert.equal(new Set(all.map(({ id }) => id)).size, 1);
  assert.deepEqual(await states(), ['sent 2']);
});

test('never an answer: handed over three times, then on record as unknown', async () => {
  await subscribe();
  const all = asked(noAnswer);
  await announced();
  for (let turn = 0; turn < 4; turn += 1) await goOn();
  assert.deepEqual([all.length, await states()], [3, ['unknown 3']]);
  const { body } = await hub.request('GET', '/notifications/deliveries');
  assert.equal((body.deliveries as { error: string }[])[0]?.error, 'the line broke');
});

test('not taken is no doubt: it is tried as often as ever, and does not call itself a repeat', async () => {
  await subscribe();
  const all = asked((count) => {
    if (count <= 5) throw new Error('busy');
  });
  await announced();
  for (let turn = 0; turn < 5; turn += 1) await goOn();
  assert.deepEqual([all.length, all.at(-1)?.again, await states()], [6, false, ['sent 6']]);
});

/** As a process leaves it that ends between the handing over and the record of it. */
const died = command(
  'test.doubts.died',
  `WITH d AS (UPDATE notification_deliveries SET state = 'sending', ended_at = NULL RETURNING 1)
   UPDATE jobs SET state = 'ready', attempts = 1 FROM (SELECT count(*) FROM d) AS all_of_them WHERE task LIKE 'notifications.send.%'`,
);

test('a sender that died with the message in its hand: it is sent again; who dies of it each time ends it', async () => {
  await subscribe();
  await announced();
  for (const again of [true, true]) {
    await hub.db.execute(died);
    await hub.settled();
    assert.equal(email().sent.at(-1)?.again, again);
  }
  assert.deepEqual([email().sent.length, await states()], [3, ['sent 3']]);
  await hub.db.execute(died);
  await hub.settled();
  assert.deepEqual([email().sent.length, await states()], [3, ['unknown 4']]);
});

test('a digest likewise', async () => {
  await subscribe('hourly');
  await announced();
  const all = asked((count) => count < 3 && noAnswer());
  for (let turn = 0; turn < 3; turn += 1) await goOn();
  assert.deepEqual(
    all.map(({ kind, again }) => [kind, again]),
    [
      ['digest', false],
      ['digest', true],
      ['digest', true],
    ],
  );
  assert.deepEqual(await states(), ['sent 3']);
});

const failures = rows(
  'test.doubts.failures',
  Type.Object({ count: Type.Integer() }),
  `SELECT count(*)::int AS count FROM jobs WHERE state = 'retrying' AND task LIKE 'notifications.%'`,
);

for (const digest of ['none', 'hourly'] as const)
  test(`sent, and the database cannot put it on record (${digest}): the same process does not send it twice`, async () => {
    await subscribe(digest);
    await hub.db.raw(
      `ALTER TABLE notification_deliveries ADD CONSTRAINT away CHECK (state <> 'sent') NOT VALID`,
    );
    try {
      await announced();
      if (digest === 'hourly') await goOn();
      await eventually('it could not be recorded', async () =>
        (await hub.db.first(failures))?.count === 1 ? true : undefined,
      );
    } finally {
      await hub.db.raw('ALTER TABLE notification_deliveries DROP CONSTRAINT away');
    }
    assert.equal(email().sent.length, 1);
    await goOn();
    assert.equal(email().sent.length, 1);
    assert.match((await states())[0] ?? '', /^sent/);
  });
