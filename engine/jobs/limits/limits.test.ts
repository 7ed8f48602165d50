import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import {
  createTestDatabase,
  eventually,
  seededRandom,
  spawnScript,
  type TestDatabase,
} from '@labwright/kernel/testing';
import Type from 'typebox';
import {
  cancelJob,
  createWorker,
  defineTask,
  enqueue,
  enqueueMany,
  findJob,
  handle,
  InvalidRate,
  jobsMigrations,
  limitQueue,
  limitTask,
  listLimits,
  queueDepth,
  requeueJob,
  unlimitQueue,
  unlimitTask,
  type Worker,
} from '../index.ts';
import { postgresTransport } from '../transports/postgres/index.ts';
import { withinBucket } from './testing/bucket.ts';
import { free, slow } from './testing/process.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
  await database.db.raw(
    'CREATE TABLE starts (job_id bigint, attempt integer, task text, priority integer, at timestamptz, begun timestamptz)',
  );
});
after(() => database.drop());

const Start = Type.Object({
  id: Type.String(),
  priority: Type.Integer(),
  at: Type.Number(),
  begun: Type.Number(),
});
// In milliseconds.
const startsOf = rows(
  'test.limits.starts',
  Start,
  `SELECT s.job_id AS id, s.priority, extract(epoch FROM s.at)::float8 * 1000 AS at, extract(epoch FROM s.begun)::float8 * 1000 AS begun
   FROM starts s JOIN jobs j ON j.id = s.job_id WHERE j.queue = $1 AND s.task = $2 ORDER BY s.at, s.priority, s.job_id`,
);
const aside = rows(
  'test.limits.aside',
  Type.Object({ id: Type.String() }),
  `SELECT id FROM jobs WHERE queue = $1 || '#slow' AND state = 'ready'`,
);
const tokens = rows(
  'test.limits.tokens',
  Type.Object({ tokens: Type.Integer(), in_us: Type.String(), next_full_at: Type.String() }),
  `SELECT job_tokens(l, $5) AS tokens, job_tokens_in_us(l, $5, 1) AS in_us, greatest(l.full_at, $5) + job_tokens_us(l, least($6, job_tokens(l, $5))) AS next_full_at
   FROM (SELECT 'queue', '', $1::integer, $2::bigint, $3::integer, $4::bigint) AS l (scope, name, starts, per_ms, burst, full_at)
   CROSS JOIN LATERAL (SELECT ROW(l.*)::job_limits AS l) AS made (l)`,
);

let names = 0;
const freshQueue = () => `limited-${++names}`;

test('a rate that cannot be is refused', async () => {
  for (const rate of [
    { limit: 0, perMs: 1_000 },
    { limit: 1.5, perMs: 1_000 },
    { limit: 1, perMs: 0 },
    { limit: 1, perMs: 1_000, burst: 0 },
  ])
    await assert.rejects(limitQueue(database.db, 'q', rate), InvalidRate);
  assert.deepEqual(await listLimits(database.db), []);
});

test('the bucket counts as a bucket that is filled drop by drop', async () => {
  const random = seededRandom('bucket');
  for (let round = 0; round < 10; round += 1) {
    const starts = [1, 2, 5, 10, 100][random.below(5)] ?? 1;
    const perMs = [100, 1_000, 60_000][random.below(3)] ?? 1;
    const burst = 1 + random.below(20);
    const dropUs = (perMs * 1_000) / starts;
    let at = 1_000_000_000;
    let fullAt = '0';
    // In microseconds of filling.
    let level = burst * dropUs;
    for (let step = 0; step < 25; step += 1) {
      const passed = random.below(dropUs * 3);
      at += passed;
      level = Math.min(burst * dropUs, level + passed);
      const want = random.below(4);
      const found = await database.db.first(tokens, [starts, perMs, burst, fullAt, at, want]);
      const here = Math.floor(level / dropUs);
      assert.equal(found?.tokens, here);
      assert.equal(Number(found?.in_us), Math.max(0, dropUs - level));
      level -= Math.min(want, here) * dropUs;
      fullAt = found?.next_full_at ?? '';
    }
  }
});

test('a limited queue under three processes: never above its rate; by priority', async () => {
  const { db } = database;
  const queue = freshQueue();
  const rate = { limit: 60, perMs: 1_000, burst: 90 };
  await limitQueue(db, queue, rate);
  for (const priority of [5, 0])
    await enqueueMany(
      db,
      slow,
      Array.from({ length: 150 }, () => ({ args: {} })),
      { queue, priority },
    );
  const start = () =>
    spawnScript(import.meta.resolve('./testing/process.ts'), {}, { args: [database.url, queue] });
  const workers = [start(), start(), start()];
  const found = await eventually('all have started', async () => {
    const starts = await db.query(startsOf, [queue, 'slow']);
    return starts.length >= 300 ? starts : undefined;
  });
  for (const worker of workers) await worker.wrote(/working/);
  for (const worker of workers) worker.child.kill('SIGTERM');
  for (const worker of workers) assert.equal(await worker.ended, 0);
  const times = found.map(({ at }) => at);
  withinBucket(times, rate);
  // Between the token and the handler lies the way of an answer.
  withinBucket(
    found.map(({ begun }) => begun),
    rate,
    1_000,
  );
  assert.deepEqual(
    found.map(({ priority }) => priority),
    [...Array(150).fill(0), ...Array(150).fill(5)],
  );
});

test('a limited task in a queue of others under three processes: its rate and its order hold', async () => {
  const { db } = database;
  const queue = freshQueue();
  const rate = { limit: 30, perMs: 1_000, burst: 45 };
  await limitTask(db, 'slow', rate);
  const many = (length: number) => Array.from({ length }, () => ({ args: {} }));
  await enqueueMany(db, slow, many(90), { queue, priority: 0 });
  await enqueueMany(db, free, many(200), { queue, priority: 0 });
  await enqueueMany(db, slow, many(30), { queue, priority: -1 });
  await enqueueMany(db, free, many(200), { queue, priority: 1 });
  const start = () =>
    spawnScript(import.meta.resolve('./testing/process.ts'), {}, { args: [database.url, queue] });
  const workers = [start(), start(), start()];
  const found = await eventually('all have started', async () => {
    const starts = await db.query(startsOf, [queue, 'slow']);
    return starts.length >= 120 ? starts : undefined;
  });
  await eventually(
    'the others have started',
    async () => (await db.query(startsOf, [queue, 'free'])).length === 400 || undefined,
  );
  for (const worker of workers) await worker.wrote(/working/);
  for (const worker of workers) worker.child.kill('SIGTERM');
  for (const worker of workers) await worker.ended;
  withinBucket(
    found.map(({ at }) => at),
    rate,
  );
  // Those of one claim have one time.
  assert.deepEqual(
    found.map(({ priority }) => priority),
    [...Array(30).fill(-1), ...Array(90).fill(0)],
  );
  await unlimitTask(db, 'slow');
});

async function working(
  queue: string,
  more: Partial<Parameters<typeof createWorker>[0]> = {},
): Promise<Worker> {
  const { db } = database;
  const worker = createWorker({
    db,
    transport: postgresTransport(more.db ?? db),
    log: silentLog,
    queues: [queue],
    leaseMs: 2_000,
    handlers: [handle(slow, async () => {}), handle(free, async () => {})],
    ...more,
  });
  await worker.start();
  return worker;
}

const stateOf = async (id: string) => (await findJob(database.db, id))?.state;
const succeeded = (id: string) =>
  eventually(`${id} has succeeded`, async () => (await stateOf(id)) === 'succeeded' || undefined);

test('no token for seconds: the worker sleeps until the next one, and not longer', async () => {
  const { db } = database;
  const queue = freshQueue();
  await limitQueue(db, queue, { limit: 1, perMs: 2_500 });
  let asked = 0;
  const counted: typeof db = {
    ...db,
    query: (statement, values) => {
      if (statement.name === 'jobs.limits.claim') asked += 1;
      return db.query(statement, values);
    },
  };
  const first = await enqueue(db, slow, {}, { queue });
  const second = await enqueue(db, slow, {}, { queue });
  const worker = await working(queue, { db: counted });
  await succeeded(first.id);
  const before = asked;
  await succeeded(second.id);
  assert.ok(asked - before <= 8, `it asked ${asked - before} times in 2.5 seconds`);
  const at = async (id: string) => Date.parse((await findJob(db, id))?.started_at ?? '');
  assert.ok((await at(second.id)) - (await at(first.id)) >= 2_499);
  await worker.stop();
});

test('a key that goes on from job to job does not go round the limit', async () => {
  const { db } = database;
  const queue = freshQueue();
  const rate = { limit: 20, perMs: 1_000, burst: 2 };
  await limitQueue(db, queue, rate);
  const times: number[] = [];
  const worker = await working(queue, { handlers: [handle(slow, async () => void times.push(Date.now()))] });
  await enqueueMany(
    db,
    slow,
    Array.from({ length: 25 }, () => ({ args: {}, key: queue })),
    { queue },
  );
  await eventually('all have run', async () => times.length === 25 || undefined);
  withinBucket(times, rate, 200);
  await worker.stop();
});

test('a limit that comes while a worker is at it holds; lifted, what was aside runs at once', async () => {
  const { db } = database;
  const queue = freshQueue();
  const worker = await working(queue);
  await succeeded((await enqueue(db, slow, {}, { queue })).id);
  await limitTask(db, 'slow', { limit: 1, perMs: 3_600_000 });
  // Until it has heard: then one has its token, and the others stand aside.
  await eventually('some are aside', async () => {
    await enqueue(db, slow, {}, { queue });
    return (await db.query(aside, [queue])).length >= 3 || undefined;
  });
  const other = await enqueue(db, free, {}, { queue });
  await succeeded(other.id);
  const [one, two] = await db.query(aside, [queue]);
  const depth = await queueDepth(db, queue);
  assert.ok((depth.find(({ state }) => state === 'ready')?.count ?? 0) >= 3, 'what is aside counts');
  assert.ok(one && two);
  assert.equal(await cancelJob(db, one.id), 'cancelled');
  assert.partialDeepStrictEqual(await findJob(db, one.id), { queue, state: 'cancelled', attempts: 0 });
  assert.equal(await requeueJob(db, one.id), 'ready');
  await unlimitTask(db, 'slow');
  await Promise.all([succeeded(one.id), succeeded(two.id)]);
  assert.partialDeepStrictEqual(await findJob(db, two.id), { queue, attempts: 1 });
  assert.deepEqual(await db.query(aside, [queue]), []);
  await worker.stop();
});

test('a task may declare its rate: its workers put it at their start', async () => {
  const { db } = database;
  const queue = freshQueue();
  const rare = defineTask({
    name: 'rare',
    args: Type.Object({}),
    rate: { limit: 2, perMs: 60_000, burst: 2 },
  });
  const worker = await working(queue, { handlers: [handle(rare, async () => {})] });
  assert.deepEqual(await listLimits(db), [
    ...(await listLimits(db)).filter(({ scope }) => scope === 'queue'),
    { scope: 'task', name: 'rare', starts: 2, per_ms: '60000', burst: 2 },
  ]);
  const jobs = await Promise.all([1, 2, 3].map(() => enqueue(db, rare, {}, { queue })));
  await eventually('two have run', async () => {
    const states = await Promise.all(jobs.map(({ id }) => stateOf(id)));
    return states.filter((state) => state === 'succeeded').length === 2 || undefined;
  });
  await worker.stop();
  const states = await Promise.all(jobs.map(({ id }) => stateOf(id)));
  assert.deepEqual(states.sort(), ['ready', 'succeeded', 'succeeded']);
  await unlimitTask(db, 'rare');
});

const grant = rows(
  'test.limits.grant',
  Type.Object({ id: Type.String() }),
  'SELECT id FROM grant_limited_jobs($1, $2)',
);
const send = command(
  'test.limits.send',
  `UPDATE jobs SET state = 'sent', queue = $1 WHERE id = ANY ($2::bigint[])`,
);
const back = rows(
  'test.limits.back',
  Type.Object({ id: Type.String() }),
  'SELECT id FROM put_limited_jobs_back($1::bigint[], NULL)',
);

test('a relay takes tokens for what it sends, and gives back what it took without one', async () => {
  const { db } = database;
  const queue = freshQueue();
  await limitTask(db, 'slow', { limit: 1, perMs: 3_600_000, burst: 2 });
  const jobs = await Promise.all([1, 2, 3, 4].map(() => enqueue(db, slow, {}, { queue })));
  const ids = jobs.map(({ id }) => id).sort((a, b) => Number(a) - Number(b));
  await db.execute(send, [queue, ids]);
  assert.equal((await db.query(back, [ids])).length, 4);
  const other = await enqueue(db, free, {}, { queue });
  const granted = await db.transaction(async (tx) => {
    const may = (await tx.query(grant, [queue, 10])).map(({ id }) => id);
    await tx.execute(send, [queue, may]);
    return may;
  });
  assert.deepEqual(granted, [ids[0], ids[1], other.id]);
  assert.deepEqual(await db.query(grant, [queue, 10]), []);
  assert.partialDeepStrictEqual(await findJob(db, ids[0] ?? ''), { queue, state: 'sent' });
  await unlimitTask(db, 'slow');
  await unlimitQueue(db, queue);
});
