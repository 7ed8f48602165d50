import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { manualClock } from '@labwright/kernel/clock';
import { createTestDatabase, seededRandom, type TestDatabase } from '@labwright/kernel/testing';
import { minutes } from '../deps.ts';
import { accountsMigrations } from '../index.ts';
import { revocationFeed } from './feed.ts';
import { revokeApiToken, revokeSessions } from './record.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([accountsMigrations], { max: 20 });
});
after(() => database.drop());

test('who follows the list misses nothing, however transactions overlap', async () => {
  const { db } = database;
  const clock = manualClock(Date.now());
  const feed = revocationFeed({ db, clock });
  await feed.start();
  const { below } = seededRandom('revocations');
  const wanted = 200;
  const heard: string[] = [];
  const follow = async () => {
    for (let after = 0; heard.length < wanted; ) {
      const { revocations, next } = await feed.next({ after, wait: 5 });
      for (const { seq, value } of revocations) {
        assert.ok(seq > after && seq <= next);
        heard.push(value);
      }
      after = next;
    }
  };
  const following = follow();
  let made = 0;
  const revoke = async () => {
    while (made < wanted) {
      const count = Math.min(1 + below(3), wanted - made);
      const ids = Array.from({ length: count }, (_, index) => `s${made + index}`);
      made += count;
      const held = below(8);
      await db.transaction(async (tx) => {
        await revokeSessions(tx, ids, clock.now());
        // The others come and go meanwhile.
        for (let turn = 0; turn < held; turn += 1)
          await tx.execute({ name: 'test.turn', text: 'SELECT 1', schema: null });
      });
    }
  };
  await Promise.all(Array.from({ length: 10 }, revoke));
  await following;
  assert.deepEqual(heard.toSorted(), Array.from({ length: wanted }, (_, n) => `s${n}`).toSorted());
  await feed.stop();
});

test('who waits hears at once, from another process too, and is answered when it stops', async () => {
  const { db } = database;
  const feed = revocationFeed({ db, clock: manualClock(Date.now()) });
  await feed.start();
  const { next } = await feed.next({ after: 0, wait: 0 });
  const asked = performance.now();
  const waiting = feed.next({ after: next, wait: 30 });
  await db.transaction((tx) => revokeApiToken(tx, 't', Date.now()));
  assert.deepEqual(
    (await waiting).revocations.map(({ kind, value }) => [kind, value]),
    [['token', 't']],
  );
  assert.ok(performance.now() - asked < 10_000);
  const again = feed.next({ after: next + 1, wait: 30 });
  await feed.stop();
  assert.deepEqual(await again, { revocations: [], next: next + 1 });
  assert.ok(performance.now() - asked < 20_000);
});

test('what is over is not told and then forgotten, and a list that began anew says so', async () => {
  const { db } = database;
  const clock = manualClock(Date.now() + 24 * 60 * minutes);
  const feed = revocationFeed({ db, clock });
  await db.transaction((tx) => revokeSessions(tx, ['late'], clock.now()));
  const { revocations, next } = await feed.next({ after: 0, wait: 0 });
  assert.deepEqual(
    revocations.map(({ value }) => value),
    ['late'],
  );
  assert.ok((await feed.sweep()) > 100);
  assert.equal(await feed.sweep(), 0);
  const beyond = await feed.next({ after: next + 1_000, wait: 30 });
  assert.deepEqual(beyond, { revocations: [], next });
  await clock.advance(20 * minutes);
  assert.deepEqual(await feed.next({ after: 0, wait: 0 }), { revocations: [], next });
});
