import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { cancelJob, enqueue, enqueueMany, findJob } from './index.ts';
import { settleUnseenJobs } from './store/upkeep.ts';
import { joinWorkers } from './store/workers.ts';
import { database, freshQueue, openDatabase, work } from './testing/open-jobs.ts';
import { postgresTransport } from './transports/postgres/index.ts';

/* What one exchange does for jobs with keys: it records their ends, and brings what comes next. */

openDatabase();

const join = (queue: string) =>
  joinWorkers(database.db, {
    name: 'test',
    queues: [queue],
    repeatable: [],
    presence: null,
    leaseMs: 60_000,
  });
const success = ({ id }: { id: string }) => ({ id, keyed: true, result: '{"well": true}' });
const ids = (jobs: readonly { id: string }[]) => jobs.map(({ id }) => id);

const counted = rows(
  'test.following.states',
  Type.Object({ state: Type.String(), count: Type.Integer() }),
  'SELECT state::text, count(*)::integer FROM jobs WHERE queue = $1 GROUP BY state ORDER BY state',
);
const states = async (queue: string) =>
  Object.fromEntries((await database.db.query(counted, [queue])).map(({ state, count }) => [state, count]));

test('ends with keys bring others of the queue where nothing follows, never more than ended', async () => {
  const { db } = database;
  const queue = freshQueue();
  const transport = postgresTransport(db);
  const made: string[] = [];
  for (let n = 0; n < 8; n += 1)
    made.push((await enqueue(db, work, { n }, { queue, key: `${queue} ${n}` })).id);
  await settleUnseenJobs(db);
  const worker = await join(queue);
  const first = await transport.claim(queue, worker, 2);
  assert.deepEqual(ids(first), made.slice(0, 2));

  const next = await transport.finishKeyedAndClaim?.(first.map(success), queue, worker, [queue]);
  assert.deepEqual(ids(next?.followers ?? []), []);
  assert.deepEqual(ids(next?.claimed ?? []), made.slice(2, 4));
  assert.deepEqual(await states(queue), { ready: 4, running: 2, succeeded: 2 });
  assert.deepEqual((await findJob(db, made[0] ?? ''))?.result, { well: true });
});

test('what follows on the keys comes first, and nothing beside it', async () => {
  const { db } = database;
  const queue = freshQueue();
  const transport = postgresTransport(db);
  const key = (n: number) => `${queue} ${n}`;
  const [one, , three] = [
    await enqueue(db, work, { n: 1 }, { queue, key: key(1) }),
    await enqueue(db, work, { n: 2 }, { queue, key: key(2) }),
    await enqueue(db, work, { n: 3 }, { queue, key: key(1) }),
  ];
  await settleUnseenJobs(db);
  const worker = await join(queue);
  const first = await transport.claim(queue, worker, 2);
  const next = await transport.finishKeyedAndClaim?.(first.map(success), queue, worker, [queue]);
  assert.deepEqual(ids(next?.followers ?? []), [three.id]);
  assert.deepEqual(next?.claimed, []);
  assert.equal((await findJob(db, one.id))?.state, 'succeeded');
});

test('a worker that was declared dead ends nothing and gets nothing', async () => {
  const { db } = database;
  const queue = freshQueue();
  const transport = postgresTransport(db);
  for (let n = 0; n < 3; n += 1) await enqueue(db, work, { n }, { queue, key: `${queue} ${n}` });
  await enqueue(db, work, { n: 3 }, { queue, key: `${queue} 0` });
  await settleUnseenJobs(db);
  const worker = await join(queue);
  const first = await transport.claim(queue, worker, 2);
  await db.raw(`SELECT bury_job_worker(${worker}, 'seen dead')`);
  const next = await transport.finishKeyedAndClaim?.(first.map(success), queue, worker, [queue]);
  assert.deepEqual(next, { followers: [], claimed: [] });
  assert.deepEqual(await states(queue), { ready: 3, waiting: 1 });
});

test('a look at new jobs goes on from key to key to the last, also in the middle of one', async () => {
  const { db } = database;
  const queue = freshQueue();
  const keys = [
    ...Array.from({ length: 300 }, () => 'b'),
    ...Array.from({ length: 400 }, (_, n) => `c${n}`),
    'a',
  ];
  await enqueueMany(
    db,
    work,
    keys.map((key, n) => ({ args: { n }, key: `${queue} ${key}` })),
    { queue },
  );
  await settleUnseenJobs(db);
  assert.deepEqual(await states(queue), { ready: 402, waiting: 299 });
  const unseen = rows(
    'test.following.unseen',
    Type.Object({ id: Type.String() }),
    `SELECT id FROM jobs WHERE queue = $1 AND state = 'waiting' AND NOT seen`,
  );
  assert.deepEqual(await db.query(unseen, [queue]), []);
});

test('a job that is cancelled while it is aside is one of its queue again', async () => {
  const { db } = database;
  const queue = freshQueue();
  const { id } = await enqueue(db, work, { n: 1 }, { queue });
  await db.raw(`INSERT INTO job_lanes (name, queue, task) VALUES ('${queue}#work', '${queue}', 'work');
    UPDATE jobs SET queue = '${queue}#work' WHERE id = ${id}`);
  await cancelJob(db, id);
  const job = await findJob(db, id);
  assert.deepEqual([job?.state, job?.queue], ['cancelled', queue]);
});

test('no trigger comes before an update of a job: it would lock each row for itself, at each end of a job', async () => {
  const before = rows(
    'test.following.triggers',
    Type.Object({ tgname: Type.String() }),
    // Of rows (1), before (2), of updates (16).
    `SELECT tgname::text FROM pg_trigger WHERE tgrelid = 'jobs'::regclass AND tgtype & 19 = 19`,
  );
  assert.deepEqual(await database.db.query(before), []);
});
