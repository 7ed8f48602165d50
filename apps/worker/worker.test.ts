import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { attemptsOfJob, enqueue, findJob, jobsMigrations } from '@labwright/jobs';
import { createTestDatabase, eventually, spawnScript, type TestDatabase } from '@labwright/kernel/testing';
import { grind, nap, stray } from './testing/handlers.ts';

const handlers = fileURLToPath(import.meta.resolve('./testing/handlers.ts'));
let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
});
after(() => database.drop());

const worker = (args: string[]) =>
  spawnScript(
    import.meta.resolve('./main.ts'),
    { JOBS_DATABASE_URL: database.url },
    { args: ['--handlers', handlers, '--lease', '2s', ...args] },
  );

const inState = (id: string, state: string) =>
  eventually(`job ${id} is ${state}`, async () => {
    const job = await findJob(database.db, id);
    return job?.state === state ? job : undefined;
  });

test('handles its queues and no others, tells its probes, and SIGTERM waits for what is in hand', async () => {
  const process = worker(['--queues', 'mine', '--health-port', '0']);
  await process.wrote(/A worker is running/);
  const [, url = ''] = /(http:\/\/localhost:\d+)\/health/.exec(process.output()) ?? [];
  const status = async (path: string) => (await fetch(`${url}${path}`)).status;
  assert.equal(await status('/health'), 200);
  await eventually('it is ready', async () => ((await status('/ready')) === 200 ? true : undefined));
  const other = await enqueue(database.db, nap, { ms: 0 }, { queue: 'not mine' });
  const mine = await enqueue(database.db, nap, { ms: 1_500 }, { queue: 'mine' });
  await inState(mine.id, 'running');
  process.child.kill('SIGTERM');
  await process.wrote(/SIGTERM: waits up to 30 s for nap #\d+ \(for \d+\.\d s\)/);
  assert.equal(await status('/ready'), 503);
  assert.match(await (await fetch(`${url}/metrics`)).text(), /jobs_worker_running\{service="worker"\} 1/);
  assert.equal(await process.ended, 0);
  assert.match(process.output(), /Ended; nothing is left in hand/);
  assert.equal((await findJob(database.db, mine.id))?.state, 'succeeded');
  assert.equal((await findJob(database.db, other.id))?.state, 'ready');
});

test('a second signal hands back at once: the attempt does not count, and the exit code says so', async () => {
  const process = worker(['--queues', 'back']);
  const { id } = await enqueue(database.db, nap, { ms: 60_000 }, { queue: 'back' });
  await inState(id, 'running');
  process.child.kill('SIGTERM');
  await process.wrote(/SIGTERM: waits/);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  process.child.kill('SIGTERM');
  assert.equal(await process.ended, 3, process.output());
  assert.match(process.output(), /SIGTERM again: one job is handed back/);
  assert.partialDeepStrictEqual(await findJob(database.db, id), { state: 'ready', attempts: 0 });
  assert.deepEqual(await attemptsOfJob(database.db, id), []);
});

test('handlers that never let go, in processes: their worker beats on, and what is over its time is killed', async () => {
  const process = worker([
    '--queues',
    'ground',
    '--isolate',
    'process',
    '--concurrency',
    '1',
    '--grace',
    '200ms',
  ]);
  await process.wrote(/each in a process of its own/);
  const long = await enqueue(database.db, grind, { ms: 5_000 }, { queue: 'ground' });
  assert.partialDeepStrictEqual(await inState(long.id, 'succeeded'), { attempts: 1 });
  const hung = await enqueue(
    database.db,
    grind,
    { ms: 600_000 },
    { queue: 'ground', timeoutMs: 300, maxAttempts: 1 },
  );
  assert.match((await inState(hung.id, 'dead')).error?.message ?? '', /its process was killed/);
  process.child.kill('SIGTERM');
  assert.equal(await process.ended, 0, process.output());
});

test('what fails beside a handler fails its attempt, and no other job has to pay for it', async () => {
  const process = worker(['--queues', 'loose']);
  await process.wrote(/A worker is running/);
  const enqueued = (how: string) => enqueue(database.db, stray, { how }, { queue: 'loose', maxAttempts: 1 });
  const innocent = await enqueue(database.db, nap, { ms: 3_000 }, { queue: 'loose', maxAttempts: 1 });
  await inState(innocent.id, 'running');
  for (const how of ['promise', 'timer']) {
    const { id } = await enqueued(how);
    assert.equal((await inState(id, 'dead')).error?.message, `an unseen ${how}`);
  }
  const late = await enqueued('late promise');
  await inState(late.id, 'succeeded');
  await process.wrote(/something that the job left behind failed when it was over/);
  assert.equal((await inState(innocent.id, 'succeeded')).attempts, 1);
  process.child.kill('SIGTERM');
  assert.equal(await process.ended, 0, process.output());
  assert.equal((await findJob(database.db, late.id))?.state, 'succeeded');
});

test('what comes from no job ends the worker, as anywhere', async () => {
  const failing = fileURLToPath(import.meta.resolve('./testing/failing-module.ts'));
  const process = worker(['--queues', 'nothing', '--handlers', failing]);
  assert.equal(await process.ended, 1, process.output());
  assert.match(process.output(), /"level":"fatal".*the module itself failed/);
});

test('a broker that is away is named at the start, and leaving without it is no error', async () => {
  const away = ['--transport', 'rabbitmq', '--broker', 'amqp://guest:hidden@127.0.0.1:1'];
  const process = worker(['--queues', 'mine', ...away]);
  await process.wrote(/RabbitMQ at 127\.0\.0\.1:1 \(does not answer now: jobs wait in the database/);
  process.child.kill('SIGTERM');
  assert.equal(await process.ended, 0);
  assert.match(process.output(), /Ended; nothing is left in hand/);
  assert.doesNotMatch(process.output(), /"level":"error"|hidden/);
});

test('what is wrong is said in a sentence, with exit code 2 for wrong use and 1 else', async () => {
  const said = async (args: string[], code: number) => {
    const process = spawnScript(import.meta.resolve('./main.ts'), {}, { args });
    assert.equal(await process.ended, code, process.output());
    return process.output();
  };
  assert.match(await said([], 2), /^Which queues\?/);
  assert.match(await said(['-q', 'a'], 2), /^Who does the work\?/);
  assert.match(await said(['-q', 'a', '--handlers', 'gone.ts'], 2), /gone\.ts, and there is no such file/);
  assert.match(await said(['-q', 'a', '--handlers', handlers], 2), /^Where are the jobs\?/);
  const nobody = 'postgres://nobody@127.0.0.1:1/none';
  assert.match(
    await said(['-q', 'a', '--handlers', handlers, '--database', nobody], 1),
    /none on 127\.0\.0\.1:1 does not answer/,
  );
  const more = ['-q', 'a', '--handlers', handlers, '--database', nobody];
  assert.match(await said([...more, '--grace', '1s'], 2), /add --isolate process/);
  assert.match(
    await said([...more, '--concurrency', 'x'], 2),
    /--concurrency takes a whole number from 1 to 1000/,
  );
  const me = fileURLToPath(import.meta.resolve('./usage.ts'));
  assert.match(await said(['-q', 'a', '--handlers', me, '--database', nobody], 1), /must export "handlers"/);
});
