import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { auditMigrations } from '@labwright/audit';
import { jobsMigrations } from '@labwright/jobs';
import { command, rows } from '@labwright/kernel/statement';
import {
  createTestDatabase,
  eventually,
  spawnScript,
  type TestDatabase,
  type TestProcess,
} from '@labwright/kernel/testing';
import Type from 'typebox';
import { notificationsMigrations } from '../index.ts';
import { startWebServer, type WebServer } from '../testing/web-server.ts';
import { announcer } from './announce.ts';

/*
 * An event to many people, while the process that tells them is killed (SIGKILL) again and again: within the fan-out, and with a message in its
 * hand that the receiver has and has not answered.
 */

const people = { inbox: 12_000, email: 400, webhook: 400 };
let database: TestDatabase;
let receiver: WebServer;
before(async () => {
  database = await createTestDatabase([auditMigrations, jobsMigrations, notificationsMigrations]);
  receiver = await startWebServer();
});
after(async () => {
  await receiver.close();
  await database.drop();
});

const subscribe = command(
  'test.killed.subscribe',
  `INSERT INTO notification_subscriptions (id, person_id, channel)
   SELECT gen_random_uuid(), 'p-' || lpad(n::text, 7, '0'), $2 FROM generate_series(1, $1::int) AS n`,
);
const addresses = command(
  'test.killed.addresses',
  `INSERT INTO notification_addresses (person_id, channel, url)
   SELECT 'p-' || lpad(n::text, 7, '0'), 'webhook', 'http://receiver.test/' FROM generate_series(1, $1::int) AS n`,
);
const inbox = rows(
  'test.killed.inbox',
  Type.Object({ told: Type.Integer(), people: Type.Integer() }),
  'SELECT count(*)::int AS told, count(DISTINCT person_id)::int AS people FROM notification_inbox',
);
/** Mails that a process has in its hand at most, and processes that are killed. */
const atOnce = 4;
const kills = 3;
const states = rows(
  'test.killed.states',
  Type.Object({ channel: Type.String(), state: Type.String(), count: Type.Integer() }),
  'SELECT channel, state, count(*)::int AS count FROM notification_deliveries GROUP BY channel, state',
);
const open = rows(
  'test.killed.open',
  Type.Object({ jobs: Type.Integer() }),
  `SELECT count(*)::int AS jobs FROM jobs WHERE state NOT IN ('succeeded', 'failed', 'dead', 'cancelled')`,
);

const told = async () => (await database.db.first(inbox)) ?? { told: 0, people: 0 };
const seen = (channel: string) =>
  receiver.asked.flatMap(({ path }) => (path.startsWith(`/${channel}/`) ? [path] : []));
/** So many messages of its channel came before this one. */
const hasEnough = (path: string, most: number): boolean => {
  const [, channel = ''] = path.split('/');
  return seen(channel).length > most;
};
const idOf = (path: string) => path.replace('?again', '');
const start = (): TestProcess =>
  spawnScript(import.meta.resolve('../testing/hub-process.ts'), {
    DATABASE_URL: database.url,
    RECEIVER_URL: receiver.url,
  });

/**
 * Kills the process in the moment in which the receiver has so many messages of a channel, the last of which it does not answer. Of the other channel
 * enough is left for the next kill, however much quicker it is.
 */
async function killWithMessageInHand(channel: string, count: number): Promise<void> {
  const { answer } = receiver;
  const reached = Promise.withResolvers<void>();
  const child = start();
  receiver.answer = (request, response) => {
    if (seen(channel).length >= count) {
      child.child.kill('SIGKILL');
      reached.resolve();
      return;
    }
    if (!request.path.startsWith(`/${channel}/`) && hasEnough(request.path, 300)) return;
    answer(request, response);
  };
  await Promise.race([
    reached.promise,
    child.ended.then(() => assert.fail(`it ended by itself: ${child.output()}`)),
  ]).catch((error) => {
    // Our own kill ends it as well.
    if (seen(channel).length < count) throw error;
  });
  await child.ended;
  receiver.answer = answer;
}

test('killed in the middle, again and again: everybody is told, and nobody twice without a word', {
  timeout: 100_000,
}, async () => {
  const { db } = database;
  await db.execute(subscribe, [people.inbox, 'in_app']);
  await db.execute(subscribe, [people.email, 'email']);
  await db.execute(subscribe, [people.webhook, 'webhook']);
  await db.execute(addresses, [people.webhook]);
  await db.transaction((tx) =>
    announcer.announce(tx, {
      id: randomUUID(),
      type: 'laboratory.announced',
      severity: 'critical',
      title: 'Fire drill',
      text: '',
      link: null,
      subject: {},
      occurred_at: new Date().toISOString(),
    }),
  );

  // Enough is left for the other kills, however slow the inboxes are.
  const { answer } = receiver;
  receiver.answer = (request, response) => {
    if (!hasEnough(request.path, 250)) answer(request, response);
  };
  const first = start();
  await eventually('some are told', async () => ((await told()).told >= 2_000 ? true : undefined));
  await first.kill('SIGKILL');
  receiver.answer = answer;
  const halfway = (await told()).told;
  assert.ok(halfway < people.inbox, 'it was killed when all was done: this shows nothing');
  await killWithMessageInHand('email', seen('email').length + 40);
  await killWithMessageInHand('webhook', seen('webhook').length + 40);

  const last = start();
  await eventually('every job has ended', async () =>
    (await db.first(open))?.jobs === 0 ? true : undefined,
  );
  await last.kill('SIGKILL');

  assert.deepEqual(await told(), { told: people.inbox, people: people.inbox });
  const counts = await db.query(states);
  const count = (channel: string, state: string) =>
    counts.find((one) => one.channel === channel && one.state === state)?.count ?? 0;

  // By both channels everything arrived. What was in hand came twice, under the same id.
  assert.equal(count('webhook', 'sent'), people.webhook);
  assert.equal(new Set(seen('webhook').map(idOf)).size, people.webhook);
  assert.equal(count('email', 'sent'), people.email);
  assert.equal(new Set(seen('email').map(idOf)).size, people.email);
  // Where the other side does not know ids, what comes again says so, and nothing else comes twice.
  const firstTimes = seen('email').filter((path) => !path.endsWith('?again'));
  assert.equal(new Set(firstTimes).size, firstTimes.length, 'a mail was sent twice without a word');
  const again = seen('email').length - firstTimes.length;
  assert.ok(again >= 1, 'the mail in hand is sent again');
  assert.ok(again <= atOnce * kills, `${again} mails were sent again`);
});
