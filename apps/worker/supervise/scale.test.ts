import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { attemptsOfJob, enqueue, enqueueMany, findJob, jobsMigrations } from '@labwright/jobs';
import {
  checkStatements,
  createTestDatabase,
  eventually,
  spawnScript,
  type TestDatabase,
  type TestProcess,
} from '@labwright/kernel/testing';
import '../index.ts';
import { grind, nap } from '../testing/handlers.ts';

const handlers = fileURLToPath(import.meta.resolve('../testing/handlers.ts'));
let database: TestDatabase;
let folder: string;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
  folder = await mkdtemp(join(tmpdir(), 'labwright-scale-'));
});
const started: TestProcess[] = [];
after(async () => {
  // A test that failed left some: their workers end with them.
  for (const process of started) process.child.kill('SIGKILL');
  await eventually(
    'no worker is left',
    async () => !started.flatMap(pidsOf).some(alive) || undefined,
    60_000,
  );
  await database.drop();
  await rm(folder, { recursive: true });
});

const scale = (queue: string, args: string[]) => {
  const process = spawnScript(
    import.meta.resolve('../testing/scale.ts'),
    { JOBS_DATABASE_URL: database.url, TMPDIR: folder },
    { args: ['--queue', queue, ...args] },
  );
  started.push(process);
  return process;
};
const supervisor = (queue: string, args: string[]) =>
  scale(queue, ['--handlers', handlers, '--concurrency', '1', ...args]);

const pidsOf = ({ output }: TestProcess) =>
  [...output().matchAll(/worker \d+: ready, process (\d+)/g)].map(([, pid]) => Number(pid));
const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const gone = (pids: readonly number[]) =>
  eventually('no worker is left', async () => !pids.some(alive) || undefined, 60_000);
const readyWorkers = (process: TestProcess, count: number) =>
  eventually(`${count} workers were ready`, async () => {
    const pids = pidsOf(process);
    return pids.length >= count ? pids : undefined;
  });
const inState = (id: string, state: string) =>
  eventually(`job ${id} is ${state}`, async () => {
    const job = await findJob(database.db, id);
    return job?.state === state ? job : undefined;
  });

test('every statement of the app can be prepared', async () => {
  assert.deepEqual((await checkStatements(database.url)).faults, []);
});

test('a worker that is killed: its job starts elsewhere within a second, long before its lease is over, and it is started again', async (t) => {
  const process = supervisor('killed', ['--count', '2', '--lease', '60s', '--isolate', 'process']);
  await readyWorkers(process, 2);
  const { id } = await enqueue(database.db, grind, { ms: 5_000 }, { queue: 'killed' });
  const first = await inState(id, 'running');
  // Of the two, the one that is at it: the other one has nothing in hand.
  const status = await eventually('one has it in hand', async () => {
    const asked = scale('killed', ['--status']);
    assert.equal(await asked.ended, 0, asked.output());
    return /^ +\d+ +(\d+) +ready +1 /m.exec(asked.output()) ?? undefined;
  });
  const killedAt = Date.now();
  globalThis.process.kill(Number(status[1]), 'SIGKILL');
  const again = await eventually('it is tried again elsewhere', async () => {
    const job = await findJob(database.db, id);
    return job?.attempts === 2 ? job : undefined;
  });
  const tookMs = Date.parse(again.started_at ?? '') - killedAt;
  t.diagnostic(`${tookMs} ms from the kill to the start elsewhere`);
  assert.ok(tookMs < 10_000, `${tookMs} ms`);
  assert.ok((again.started_at ?? '') > (first.started_at ?? ''));
  assert.equal((await attemptsOfJob(database.db, id)).length, 1);
  await process.wrote(/was ended by SIGKILL; its job may start elsewhere, \d+ ms later; it is started again/);
  const pids = await readyWorkers(process, 3);
  assert.equal((await inState(id, 'succeeded')).attempts, 2);
  process.child.kill('SIGTERM');
  assert.equal(await process.ended, 0, process.output());
  await gone(pids);
});

test('the same command again changes how many there are; scaled down they drain', async () => {
  const process = supervisor('live', ['--count', '1']);
  await readyWorkers(process, 1);
  const more = scale('live', ['--count', '3']);
  assert.equal(await more.ended, 0, more.output());
  assert.match(more.output(), /^live: one worker, now 3 workers \(supervisor: process \d+\)/);
  const pids = await readyWorkers(process, 3);
  await enqueueMany(
    database.db,
    nap,
    [1, 2, 3].map(() => ({ args: { ms: 1_500 } })),
    { queue: 'live' },
  );
  const { id } = await enqueue(database.db, nap, { ms: 0 }, { queue: 'live', priority: 1 });
  const fewer = scale('live', ['--count', '1']);
  assert.equal(await fewer.ended, 0);
  assert.partialDeepStrictEqual(await inState(id, 'succeeded'), { attempts: 1 });
  await eventually('two have ended', async () => pids.filter(alive).length === 1 || undefined);
  process.child.kill('SIGTERM');
  assert.equal(await process.ended, 0, process.output());
  await gone(pids);
});

test('started twice at once, one supervises and the other one tells it what is wanted', async () => {
  const both = [supervisor('twice', ['--count', '1']), supervisor('twice', ['--count', '1'])];
  const told = await eventually('one has ended', async () =>
    both.find(({ child }) => child.exitCode !== null),
  );
  assert.equal(await told.ended, 0, told.output());
  assert.match(told.output(), /^twice: one worker, now one worker \(supervisor: process \d+\)/);
  const process = both[0] === told ? both[1] : both[0];
  assert.ok(process);
  const pids = await readyWorkers(process, 1);
  const { id } = await enqueue(database.db, nap, { ms: 60_000 }, { queue: 'twice' });
  await inState(id, 'running');
  process.child.kill('SIGTERM');
  await process.wrote(/SIGTERM: 1 workers end when/);
  const late = scale('twice', ['--count', '3']);
  assert.equal(await late.ended, 1, late.output());
  assert.match(late.output(), /is ending: try again when it has ended/);
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  process.child.kill('SIGTERM');
  assert.equal(await process.ended, 0, process.output());
  await gone(pids);
});

test('two signals: all hand back, none is left', async () => {
  const process = supervisor('stopped', ['--count', '2']);
  const pids = await readyWorkers(process, 2);
  const { id } = await enqueue(database.db, nap, { ms: 60_000 }, { queue: 'stopped' });
  await inState(id, 'running');
  process.child.kill('SIGTERM');
  await process.wrote(/SIGTERM: 2 workers end when/);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  process.child.kill('SIGTERM');
  assert.equal(await process.ended, 0, process.output());
  assert.partialDeepStrictEqual(await findJob(database.db, id), { state: 'ready', attempts: 0 });
  await gone(pids);
});

for (const isolated of [[], ['--isolate', 'process']])
  test(`workers drain when their supervisor is killed ${isolated.join(' ')}`, async () => {
    const queue = `orphaned${isolated.length}`;
    const process = supervisor(queue, ['--count', '2', ...isolated]);
    const pids = await readyWorkers(process, 2);
    const { id } = await enqueue(database.db, nap, { ms: 3_000 }, { queue });
    await inState(id, 'running');
    await process.kill('SIGKILL');
    await gone(pids);
    // What it had in hand was done, at the first attempt.
    assert.partialDeepStrictEqual(await findJob(database.db, id), { state: 'succeeded', attempts: 1 });
  });

test('one that ends at once is started again later each time; arguments that none accepts end it', async () => {
  const broken = join(folder, 'broken.ts');
  await writeFile(
    broken,
    `if (process.env.LABWRIGHT_SUPERVISED) process.exit(9);
     export const handlers = [{ task: { name: 'x', args: {} }, run: async () => {} }];`,
  );
  const process = scale('broken', ['--count', '1', '--handlers', broken]);
  await process.wrote(/ended with exit code 9; it is started again in 0\.5 s.*\n[\s\S]*started again in 1 s/);
  process.child.kill('SIGTERM');
  assert.equal(await process.ended, 0, process.output());

  const nobody = scale('nobody', ['--count', '2']);
  assert.equal(await nobody.ended, 2);
  assert.match(nobody.output(), /Nobody supervises workers of nobody here yet/);
  const wrong = scale('wrong', ['--count', '2', '--auto']);
  assert.equal(await wrong.ended, 2);
  assert.match(wrong.output(), /One of --count N, --auto or --status/);
});

test('--auto: more workers for a backlog, fewer when it is calm, each with its reason', async () => {
  const process = supervisor('auto', ['--auto', '--max', '3', '--target', '1s', '--calm', '3s']);
  await readyWorkers(process, 1);
  await enqueueMany(
    database.db,
    nap,
    Array.from({ length: 120 }, () => ({ args: { ms: 100 } })),
    { queue: 'auto' },
  );
  await process.wrote(/1 → [23] workers: \d+ jobs wait, [\d.]+ s of work for 1/);
  const pids = await readyWorkers(process, 3);
  await process.wrote(/3 → 2 workers: calm/);
  await process.wrote(/2 → 1 workers: calm/);
  process.child.kill('SIGTERM');
  assert.equal(await process.ended, 0, process.output());
  await gone(pids);
});
