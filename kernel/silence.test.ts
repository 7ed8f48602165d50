import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openDb } from './db.ts';
import { isProblem } from './errors.ts';
import { giveUpSilent, watched } from './silence.ts';
import { createTestDatabase, eventually, freePort, openProxy, type TestDatabase } from './testing/index.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([]);
});
after(() => database.drop());

const unavailable = (error: unknown) => isProblem(error, 'database_unavailable');

test('a database that falls silent is given up: what is in hand fails at once, and all that comes', async () => {
  const { hostname, port } = new URL(database.url);
  const proxy = await openProxy({ host: hostname, port: Number(port) });
  // Left to themselves its statements would be waited for as long as this test may take.
  const db = openDb({ url: proxy.through(database.url), applicationName: 'test', statementTimeout: 600_000 });
  const sibling = db.sibling({ max: 1 });
  await db.listen('somebody', { onMessage: () => {} });
  await sibling.ping();
  proxy.weather = 'drop';
  const inHand = [db.ping(), sibling.ping(), db.transaction((tx) => tx.raw('SELECT 1'))];
  const letGo = giveUpSilent(100);
  for (const { reason } of (await Promise.allSettled(inHand)) as PromiseRejectedResult[])
    assert.ok(unavailable(reason), String(reason));
  await assert.rejects(db.ping(), unavailable);
  await assert.rejects(sibling.ping(), unavailable);
  await db.close();
  letGo();
  await proxy.close();
});

test('one that is slow is waited for, and one that refuses is no silent one', async () => {
  const db = openDb({ url: database.url, applicationName: 'test', max: 1 });
  let givenUp = 0;
  let looks = 0;
  const refusing = {
    get url() {
      looks += 1;
      return `postgres://127.0.0.1:${closed}/none`;
    },
    giveUp: () => {
      givenUp += 1;
    },
  };
  const closed = await freePort();
  const unwatch = watched(refusing);
  const letGo = giveUpSilent(60_000);
  await db.raw('SELECT pg_sleep(0.5)');
  await db.ping();
  const before = looks;
  await eventually('it was looked at again', async () => looks > before || undefined);
  letGo();
  unwatch();
  assert.equal(givenUp, 0);
  await db.close();
});
