import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { command } from '@labwright/kernel/statement';
import { eventually } from '@labwright/kernel/testing';
import { openLocks } from '@labwright/locks';
import { postgresLocks } from '@labwright/locks/postgres';
import {
  chain,
  createWorker,
  enqueue,
  enqueueMany,
  findJob,
  group,
  handle,
  NoRetry,
  pauseQueue,
  startFlow,
  step,
} from '../index.ts';
import { postgresTransport } from '../transports/postgres/index.ts';
import { jobErrors } from './index.ts';
import { ask, type Body, database, get, secretive, serveJobs, sum } from './testing/server.ts';

serveJobs();

test('queues: depth by state, who listens, what is paused, and a warning where jobs wait for nobody', async () => {
  const { db } = database;
  await enqueueMany(db, sum, [{ args: { n: 1 } }, { args: { n: 2 } }]);
  await enqueue(db, sum, { n: 3 }, { queue: 'later', runAt: new Date(Date.now() + 3_600_000) });
  await pauseQueue(db, 'later');
  const { queues, more, counted_to } = await get('/jobs/queues');
  assert.equal(counted_to, 10_000);
  assert.deepEqual(more, []);
  const [later, sums] = queues;
  assert.deepEqual(
    [later.name, later.paused, later.depth.scheduled, later.depth.ready],
    ['later', true, 1, 0],
  );
  assert.deepEqual(
    later.warnings.map(({ code }: Body) => code),
    ['nobody_listens', 'paused'],
  );
  assert.deepEqual([sums.name, sums.paused, sums.depth.ready, sums.workers], ['sums', false, 2, 0]);
  assert.match(sums.warnings[0].text, /2 jobs wait and no worker serves the queue sums/);
  assert.ok(sums.oldest_ready_seconds >= 0);

  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: ['sums'],
    handlers: [handle(sum, async ({ n }) => n + 1)],
  });
  await worker.start();
  await eventually('both have ended', async () =>
    (await get('/jobs?state=succeeded')).jobs.length === 2 ? true : undefined,
  );
  const during = (await get('/jobs/queues')).queues.find(({ name }: Body) => name === 'sums');
  assert.deepEqual([during.workers, during.warnings], [1, []]);
  const { workers } = await get('/jobs/workers');
  assert.deepEqual(
    workers.map(({ queues, connected, running }: Body) => ({ queues, connected, running })),
    [{ queues: ['sums'], connected: true, running: 0 }],
  );
  // At its stop it tells what it saw.
  await worker.stop();
  const after = (await get('/jobs/queues')).queues.find(({ name }: Body) => name === 'sums');
  assert.ok(after.ended_per_second > 0);
  const { step_seconds, points } = await get('/jobs/series?range=1h&queue=sums');
  assert.equal(step_seconds, 60);
  assert.equal(points.length, 60);
  const filled = points.filter(({ succeeded }: Body) => succeeded > 0);
  assert.equal(
    filled.reduce((all: number, { succeeded }: Body) => all + succeeded, 0),
    2,
  );
  assert.ok(filled[0].run.p50 >= 0 && filled[0].run.p99 <= 7_200);
  assert.ok(filled.some(({ wait }: Body) => wait.p50 !== null));
  const all = await get('/jobs/series?range=7d');
  assert.deepEqual([all.step_seconds, all.points.length], [7_200, 84]);
  assert.equal((await ask('GET', '/jobs/series?range=1y')).status, 400);
});

test('jobs by keyset and by each filter; what a page has looked at', async () => {
  const { db } = database;
  for (let n = 0; n < 23; n += 1)
    await enqueue(
      db,
      sum,
      { n },
      { queue: n % 2 ? 'odd' : 'even', ...(n % 5 === 0 ? { key: `k${n % 10}` } : {}) },
    );
  const walk = async (query: string) => {
    const ids: string[] = [];
    for (let cursor = '', pages = 1; ; pages += 1) {
      const { jobs, next_cursor } = await get(`/jobs?${query}${cursor}`);
      ids.push(...jobs.map(({ id }: Body) => id));
      if (next_cursor === null) return { ids, pages };
      cursor = `&cursor=${next_cursor}`;
    }
  };
  const all = await walk('limit=7');
  assert.equal(all.ids.length, 23);
  assert.equal(all.pages, 4);
  assert.deepEqual(
    all.ids,
    all.ids.toSorted((a, b) => Number(b) - Number(a)),
  );
  assert.equal((await walk('queue=odd&limit=3')).ids.length, 11);
  assert.equal((await walk('task=sum&limit=100')).ids.length, 23);
  assert.equal((await walk('task=other')).ids.length, 0);
  assert.equal((await walk('state=ready&limit=4')).ids.length, 18);
  assert.equal((await walk('state=waiting&limit=2')).ids.length, 5);
  assert.equal((await walk('state=waiting&key=k5&limit=1')).ids.length, 2);
  assert.equal((await walk('key=k0')).ids.length, 3);
  assert.equal((await walk('state=ready&queue=even&limit=5')).ids.length, 9);
  const middle = await findJob(db, all.ids[10] ?? '');
  assert.ok(middle);
  assert.equal((await walk(`from=${middle.created_at}&limit=4`)).ids.length, 11);
  assert.equal((await walk(`to=${middle.created_at}&limit=4`)).ids.length, 12);
  assert.equal((await ask('GET', '/jobs?cursor=x')).body.code, 'invalid_cursor');
  assert.equal((await ask('GET', '/jobs/schedules?cursor=k!')).body.code, 'invalid_cursor');
});

const many = command(
  'test.http.many',
  `INSERT INTO jobs (queue, task, args, state, max_attempts, finished_at)
   SELECT 'bulk', CASE WHEN i = 3 THEN 'rare' ELSE 'often' END, '{}', 'succeeded', 1, now() FROM generate_series(1, 45000) AS i`,
);
test('one of very many: each page looks at so many jobs and no more, and it is found', async () => {
  await database.db.execute(many);
  let pages = 0;
  const found: string[] = [];
  for (let cursor = ''; ; ) {
    const { jobs, next_cursor, looked_back_to } = await get(`/jobs?task=rare${cursor}`);
    pages += 1;
    found.push(...jobs.map(({ task }: Body) => task));
    assert.ok(looked_back_to);
    if (next_cursor === null) break;
    cursor = `&cursor=${next_cursor}`;
  }
  assert.deepEqual([pages, found], [3, ['rare']]);
});

test('one job: its errors, why it waits, who caused it, and no secret', async () => {
  const { db } = database;
  const { id: holder } = await enqueue(db, sum, { n: 1 }, { key: 'k' });
  const { id } = await enqueue(
    db,
    secretive,
    {
      url: 'postgres://me:hush@db/x',
      api_key: 'hush',
      nested: [{ password: 'hush' }],
      plain: 'seen',
      no_token: false,
    },
    { key: 'k' },
  );
  const job = await get(`/jobs/${id}`);
  assert.doesNotMatch(JSON.stringify(job), /hush/);
  assert.deepEqual(job.args.value.plain, 'seen');
  assert.deepEqual([job.args.value.no_token, job.args.too_large], [false, false]);
  assert.deepEqual([job.state, job.key, job.before, job.after], ['waiting', 'k', [], []]);
  assert.deepEqual(
    job.waiting.map(({ kind }: Body) => kind),
    ['key', 'no_worker'],
  );
  const { id: large } = await enqueue(db, secretive, { text: 'x'.repeat(100_000) });
  const { args } = await get(`/jobs/${large}`);
  assert.deepEqual([args.value, args.too_large, args.bytes], [null, true, 100_011]);
  assert.equal((await ask('GET', '/jobs/999999')).body.code, 'job_not_found');
  assert.equal((await ask('GET', '/jobs/x')).body.code, 'validation_failed');

  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: ['sums'],
    handlers: [
      handle(sum, async () => {
        throw new TypeError('it broke');
      }),
      handle(secretive, async () => {
        throw new NoRetry('never: Bearer hush');
      }),
    ],
  });
  await worker.start();
  const dead = await eventually('both have ended', async () => {
    const { jobs } = await get('/jobs/dead');
    return jobs.length === 3 ? jobs : undefined;
  });
  await worker.stop();
  assert.ok(dead.every(({ state }: Body) => ['failed', 'dead'].includes(state)));
  const first = await get(`/jobs/${holder}`);
  assert.deepEqual([first.state, first.attempts, first.error.name], ['dead', 2, 'TypeError']);
  assert.deepEqual(
    first.failures.map(({ attempt, error }: Body) => [attempt, error.message]),
    [
      [2, 'it broke'],
      [1, 'it broke'],
    ],
  );
  assert.match(first.error.stack, /routes\.test\.ts/);
  assert.doesNotMatch(JSON.stringify(await get(`/jobs/${id}`)), /hush/);
});

test('a step of a flow: what it waited for, and what follows it', async () => {
  const { db } = database;
  const one = (n: number) => step(sum, { n });
  const flow = await startFlow(db, chain([one(0), group([one(1), chain([one(2), one(3)])]), one(4)]));
  const [only] = (await get('/jobs')).jobs;
  assert.equal(only.flow, flow.id);
  const begun = await get(`/jobs/${only.id}`);
  assert.deepEqual(begun.before, []);
  assert.deepEqual(
    begun.after.map(({ state, job }: Body) => [state, job]),
    [
      ['blocked', null],
      ['blocked', null],
    ],
  );
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: ['sums'],
    handlers: [handle(sum, async ({ n }) => n)],
  });
  await worker.start();
  await eventually('the flow has ended', async () =>
    (await get(`/jobs/flows/${flow.id}`)).state === 'succeeded' ? true : undefined,
  );
  await worker.stop();
  const { page, steps, next_cursor } = await get(`/jobs/flows/${flow.id}?limit=2`);
  assert.deepEqual([page.length, steps], [2, 5]);
  const rest = await get(`/jobs/flows/${flow.id}?cursor=${next_cursor}`);
  assert.deepEqual([rest.page.length, rest.next_cursor], [3, null]);
  const [group1, inner2, inner3, last] = [page[1], ...rest.page];
  const around = async ({ job }: Body) => {
    const { before, after } = await get(`/jobs/${job}`);
    return [before, after].map((side) => side.map(({ job }: Body) => job));
  };
  assert.deepEqual(await around(group1), [[page[0].job], [last.job]]);
  assert.deepEqual(await around(inner2), [[page[0].job], [inner3.job]]);
  assert.deepEqual(await around(inner3), [[inner2.job], [last.job]]);
  assert.deepEqual(await around(last), [[group1.job, inner3.job], []]);
});

test('keys and locks: who has each, and how many wait', async () => {
  const { db } = database;
  for (const n of [1, 2, 3]) await enqueue(db, sum, { n }, { key: 'dish "1"' });
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: ['other'],
    handlers: [],
  });
  // Its upkeep looks at keys.
  await worker.start();
  const [key] = await eventually('a key has a holder', async () => {
    const { keys } = await get('/jobs/keys');
    return keys.length > 0 ? keys : undefined;
  });
  await worker.stop();
  assert.deepEqual([key.key, key.holder.state, key.waiting], ['dish "1"', 'ready', 2]);

  const locks = openLocks(postgresLocks(db));
  const held = await Promise.all(['a', 'b', 'c'].map((name) => locks.acquire(name, { ttlMs: 60_000 })));
  const stop = new AbortController();
  const waits = locks.acquire('b', { waitMs: 60_000, signal: stop.signal }).catch(() => null);
  const found = await eventually('somebody waits', async () => {
    const { locks } = await get('/locks');
    return locks[1].waiting === 1 ? locks : undefined;
  });
  assert.deepEqual(
    found.map(({ key, waiting, waiters, expired }: Body) => [key, waiting, waiters.length, expired]),
    [
      ['a', 0, 0, false],
      ['b', 1, 1, false],
      ['c', 0, 0, false],
    ],
  );
  assert.equal(found[0].token, String(held[0]?.token));
  const page = await get('/locks?limit=2');
  assert.equal(page.locks.length, 2);
  assert.deepEqual(
    (await get(`/locks?limit=2&cursor=${page.next_cursor}`)).locks.map(({ key }: Body) => key),
    ['c'],
  );
  stop.abort();
  await waits;
  for (const lease of held) await lease?.release();
  await locks.close();
});

test('every error is in the README', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  for (const code of Object.keys(jobErrors.entries)) assert.ok(readme.includes(`\`${code}\``), code);
});
