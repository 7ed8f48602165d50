import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { command, rows } from '@labwright/kernel/statement';
import {
  createTestDatabase,
  eventually,
  spawnScript,
  type TestDatabase,
  type TestProcess,
} from '@labwright/kernel/testing';
import Type from 'typebox';
import { declareWorkerDead, enqueue, findJob, jobsMigrations } from './index.ts';
import { holdOnce, holdRepeatable } from './testing/holder.ts';

/*
 * Long before the lease (60 s here): jobs that may be repeated begin elsewhere as soon as the connection of their worker is gone,
 * and any job where somebody saw its worker die.
 */

let database: TestDatabase;
const workers: TestProcess[] = [];
const start = () => {
  const made = spawnScript(import.meta.resolve('./testing/holder.ts'), {}, { args: [database.url] });
  workers.push(made);
  return made;
};
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
  await database.db.raw(`
    CREATE TABLE begun (job_id bigint, attempt integer, process integer);
    CREATE TABLE stopped (job_id bigint, attempt integer)`);
});
after(async () => {
  for (const worker of workers) await worker.kill('SIGKILL');
  await database.drop();
});

const begun = rows(
  'test.takeover.begun',
  Type.Object({ process: Type.Integer() }),
  'SELECT process FROM begun WHERE job_id = $1 AND attempt = $2',
);
const begins = rows(
  'test.takeover.begins',
  Type.Object({ process: Type.Integer() }),
  'SELECT process FROM begun WHERE job_id = $1',
);
const stopped = rows(
  'test.takeover.stopped',
  Type.Object({ id: Type.String() }),
  'SELECT job_id AS id FROM stopped WHERE job_id = $1 AND attempt = $2',
);
const workerOf = rows(
  'test.takeover.worker',
  Type.Object({ worker: Type.String() }),
  'SELECT worker FROM jobs WHERE id = $1',
);
const cutPresence = command(
  'test.takeover.cut',
  `SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN job_workers w ON w.presence = l.objid::bigint
   WHERE l.locktype = 'advisory' AND l.classid = 5004 AND w.id = $1`,
);
const hasBegun = (id: string, attempt: number) =>
  eventually(
    `attempt ${attempt} of job ${id} has begun`,
    async () => (await database.db.first(begun, [id, attempt]))?.process,
    25_000,
  );

test('kill -9: a repeatable job begins elsewhere, another one waits for the lease, or for who saw the death', async () => {
  const { db } = database;
  start();
  const safe = await enqueue(db, holdRepeatable, {}, { queue: 'held', key: 'a' });
  const once = await enqueue(db, holdOnce, {}, { queue: 'held', key: 'b' });
  const first = await hasBegun(safe.id, 1);
  assert.equal(await hasBegun(once.id, 1), first);
  start();
  await workers[0]?.kill('SIGKILL');
  assert.notEqual(await hasBegun(safe.id, 2), first);
  const left = await findJob(db, once.id);
  assert.partialDeepStrictEqual(left, { state: 'running', attempts: 1 });
  const dead = await db.first(workerOf, [once.id]);
  assert.ok(dead);
  assert.equal(await declareWorkerDead(db, dead.worker), 1);
  assert.equal(await declareWorkerDead(db, dead.worker), 0);
  assert.notEqual(await hasBegun(once.id, 2), first);
});

test('a connection that is cut: the worker tells its repeatable jobs to stop, and they begin again', async () => {
  const { db } = database;
  const { id } = await enqueue(db, holdRepeatable, {}, { queue: 'held' });
  await hasBegun(id, 1);
  const owner = await db.first(workerOf, [id]);
  await db.execute(cutPresence, [owner?.worker]);
  await eventually('it is told', async () => (await db.first(stopped, [id, 1]))?.id);
  // Given back by its worker, the attempt does not count; taken by another one, it does.
  await eventually(
    'it has begun twice',
    async () => (await db.query(begins, [id])).length === 2 || undefined,
  );
});
