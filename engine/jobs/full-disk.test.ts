import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Db, openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { migrate } from '@labwright/kernel/migrate';
import { kernelMigrations } from '@labwright/kernel/service';
import { rows } from '@labwright/kernel/statement';
import { eventually, startPostgres, type TestPostgres } from '@labwright/kernel/testing';
import Type from 'typebox';
import { createWorker, defineTask, enqueueMany, handle, jobsMigrations } from './index.ts';
import { postgresTransport } from './transports/postgres/index.ts';

/*
 * The disk of the write-ahead log fills up while jobs are asked for: PostgreSQL ends itself in the middle of commits, and does not come back
 * before there is room. What was answered is there afterwards, whole; the worker comes back by itself.
 */

let postgres: TestPostgres;
let db: Db;
before(async () => {
  postgres = await startPostgres({ diskMiB: 32 });
  db = openDb({
    url: postgres.url,
    applicationName: 'test',
    max: 6,
    answerTimeout: 1_000,
    statementTimeout: 5_000,
  });
  await migrate(db, [kernelMigrations, jobsMigrations]);
});
after(async () => {
  await db?.close();
  await postgres?.remove();
});

const work = defineTask({
  name: 'work',
  args: Type.Object({ batch: Type.Integer(), text: Type.String() }),
  maxAttempts: 50,
  retryDelayMs: 50,
});
const batches = rows(
  'test.disk.batches',
  Type.Object({ batch: Type.Integer(), jobs: Type.Integer(), succeeded: Type.Integer() }),
  `SELECT (args ->> 'batch')::int AS batch, count(*)::int AS jobs, count(*) FILTER (WHERE state = 'succeeded')::int AS succeeded
   FROM jobs GROUP BY 1 ORDER BY 1`,
);

test('a disk that is full at a commit: what was answered is there, nothing is there by halves, and the worker goes on', async (t) => {
  if (!postgres.disk) {
    t.skip('a full disk cannot be had here: that takes root with the right to mount, or gcc');
    return;
  }
  t.diagnostic(postgres.disk.kind);
  const { disk } = postgres;
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: ['disk'],
    leaseMs: 2_000,
    handlers: [handle(work, async () => {})],
  });
  await worker.start();
  const answered: number[] = [];
  let failed = 0;
  const size = 20;
  const ask = async (batch: number) => {
    const jobs = Array.from({ length: size }, (_, index) => ({
      args: { batch, text: 'x'.repeat(2_000) },
      ...(index % 2 ? { key: `key ${index}` } : {}),
    }));
    try {
      await db.transaction((tx) => enqueueMany(tx, work, jobs, { queue: 'disk' }));
      answered.push(batch);
    } catch {
      failed += 1;
    }
  };
  let batch = 0;
  for (; batch < 5; batch += 1) await ask(batch);
  assert.equal(failed, 0);
  await disk.fill();
  // Segments of the log that are there already take some more.
  for (; failed < 3 && batch < 5_000; batch += 1) await ask(batch);
  assert.ok(failed >= 3, 'the disk was not full');
  await disk.free();
  await postgres.start();
  await eventually('it can be asked again', async () => {
    batch += 1;
    await ask(batch);
    return answered.includes(batch) || undefined;
  });
  const found = await eventually('all jobs are done', async () => {
    const now = await db.query(batches).catch(() => []);
    return (now.length > 0 && now.every(({ jobs, succeeded }) => jobs === succeeded)) || undefined
      ? now
      : undefined;
  });
  for (const { batch: one, jobs } of found) assert.equal(jobs, size, `batch ${one} is there by halves`);
  const there = new Set(found.map((one) => one.batch));
  assert.deepEqual(
    answered.filter((one) => !there.has(one)),
    [],
    'what was answered is lost',
  );
  await worker.stop();
});
