import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { command, rows } from '@labwright/kernel/statement';
import { createTestDatabase, seededRandom, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { defineTask, enqueueMany, jobsMigrations, limitQueue, limitTask } from '../index.ts';

/*
 * The rate to the token, both ways: as many starts as the clock allows, and not one more. The clock is the test's: in a database of its own
 * the function that tells the time reads it from a table.
 */

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
  await database.db.raw(`
    CREATE TABLE test_clock AS SELECT 1000000000000::bigint AS us;
    CREATE OR REPLACE FUNCTION now_us() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT us FROM test_clock'`);
});
after(() => database.drop());

const pass = command('test.rate.pass', 'UPDATE test_clock SET us = us + $1::bigint');
// As a relay or a claim does: the tokens and the new state in one transaction.
const grant = rows(
  'test.rate.grant',
  Type.Object({ id: Type.String(), at: Type.Number() }),
  'SELECT id, extract(epoch FROM granted_at)::float8 * 1000000 AS at FROM grant_limited_jobs($1, $2)',
);
const begin = command(
  'test.rate.begin',
  `UPDATE jobs SET state = 'sent', queue = $1 WHERE id = ANY ($2::bigint[]) AND state = 'ready'`,
);
const wait = rows(
  'test.rate.wait',
  Type.Object({ us: Type.String() }),
  'SELECT limited_jobs_in_us($1) AS us',
);

const task = defineTask({ name: 'paced', args: Type.Object({}) });
const begun = (queue: string, most: number) =>
  database.db.transaction(async (tx) => {
    const granted = await tx.query(grant, [queue, most]);
    await tx.execute(begin, [queue, granted.map(({ id }) => id)]);
    return granted;
  });

for (const scope of ['queue', 'task'] as const)
  test(`who asks often enough gets every token of a limited ${scope}, and none before its time`, async () => {
    const { db } = database;
    const random = seededRandom(`every token of a ${scope}`);
    for (let round = 0; round < 4; round += 1) {
      const queue = `${scope}-${round}`;
      const paced = scope === 'queue' ? task : defineTask({ name: `paced-${round}`, args: Type.Object({}) });
      const rate = {
        limit: 1 + random.below(50),
        perMs: [100, 1_000, 60_000][random.below(3)] ?? 1,
        burst: 2 + random.below(20),
      };
      await (scope === 'queue' ? limitQueue(db, queue, rate) : limitTask(db, paced.name, rate));
      await enqueueMany(
        db,
        paced,
        Array.from({ length: 400 }, () => ({ args: {} })),
        { queue },
      );
      // Who meets jobs of a limited task sets them aside; who asks then may have them.
      if (scope === 'task') assert.deepEqual(await begun(queue, 100), []);
      const dropUs = (rate.perMs * 1_000) / rate.limit;
      let passed = 0;
      let starts = 0;
      while (starts < 100) {
        starts += (await begun(queue, 100)).length;
        const due = rate.burst + Math.floor(passed / dropUs + 1e-6);
        // Each start rounds up its share of the time to a microsecond: a token may come so much later, never earlier.
        const late = rate.burst + Math.floor((passed - starts) / dropUs);
        assert.ok(starts <= due && starts >= late, `${starts} starts after ${passed} us, ${due} are due`);
        // Never so long that the bucket would run over.
        const step = 1 + random.below(Math.floor(dropUs * (rate.burst - 1)));
        passed += step;
        await db.execute(pass, [step]);
      }
    }
  });

test('a full bucket takes no more; who waits as long as it is told gets one, and a microsecond earlier none', async () => {
  const { db } = database;
  const queue = 'bucket';
  await limitQueue(db, queue, { limit: 3, perMs: 1_000, burst: 4 });
  await enqueueMany(
    db,
    task,
    Array.from({ length: 20 }, () => ({ args: {} })),
    { queue },
  );
  await db.execute(pass, [3_600_000_000]);
  assert.equal((await begun(queue, 100)).length, 4);
  for (let turn = 0; turn < 3; turn += 1) {
    const us = Number((await db.first(wait, [queue]))?.us);
    assert.ok(us > 1);
    await db.execute(pass, [us - 1]);
    assert.deepEqual(await begun(queue, 100), []);
    await db.execute(pass, [1]);
    assert.equal((await begun(queue, 100)).length, 1);
  }
});
