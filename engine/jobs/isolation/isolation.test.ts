import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { contextFromHeaders, currentContext, enterContext } from '@labwright/kernel/context';
import { localPrincipal } from '@labwright/kernel/identity';
import { createLog, silentLog } from '@labwright/kernel/log';
import { createTestDatabase, eventually, spawnScript, type TestDatabase } from '@labwright/kernel/testing';
import { createWorker, enqueue, findJob, jobsMigrations, NoRetry, RetryAt, type Task } from '../index.ts';
import * as tasks from '../testing/isolated.ts';
import { postgresTransport } from '../transports/postgres/index.ts';
import { WorkerFenced } from '../worker/attempt.ts';
import type { JobContext } from '../worker/handler.ts';
import {
  HandlerCrashed,
  HandlerKilled,
  HandlersNotLoaded,
  type IsolationOptions,
  openIsolation,
} from './index.ts';

const { echo, spin, hang, heed, crash, fail, report, hoard } = tasks;
const modules = [import.meta.resolve('../testing/isolated.ts')];

let folder: string;
let database: TestDatabase;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-isolation-'));
  database = await createTestDatabase([jobsMigrations]);
});
after(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

const context = (more: Partial<JobContext> = {}): JobContext => ({
  id: '7',
  attempt: 2,
  key: 'k',
  signal: new AbortController().signal,
  log: silentLog,
  progress: () => {},
  complete: async () => true,
  ...more,
});

async function using(
  options: Partial<IsolationOptions>,
  work: (run: (task: Task, args?: unknown, more?: Partial<JobContext>) => Promise<unknown>) => Promise<void>,
) {
  const isolation = openIsolation({ modules, kind: 'process', size: 1, log: silentLog, ...options });
  try {
    await work((task, args = {}, more) => isolation.isolated(task).run(args, context(more)));
  } finally {
    await isolation.stop();
  }
}

const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

for (const kind of ['process', 'thread'] as const) {
  test(`${kind}: arguments, context and trace go in, result and errors come out`, async () => {
    await using({ kind }, async (run) => {
      enterContext({ ...contextFromHeaders({}), principal: { ...localPrincipal, id: 'ann' } });
      const answer = (await run(echo, { deep: ['ä', null] })) as Record<string, unknown>;
      assert.deepEqual(answer.args, { deep: ['ä', null] });
      assert.deepEqual(answer.context, { id: '7', attempt: 2, key: 'k' });
      assert.equal(answer.trace, currentContext()?.trace_id);
      assert.equal(answer.principal, 'ann');
      assert.notEqual(answer.where, process.pid);
      assert.equal(await run(spin, { ms: 1 }), 'spun');

      await assert.rejects(run(fail, { how: 'plain' }), (error: Error) => {
        assert.deepEqual([error.name, error.message], ['TypeError', 'of another type']);
        assert.match(error.stack ?? '', /testing\/isolated\.ts/);
        return true;
      });
      await assert.rejects(run(fail, { how: 'never' }), NoRetry);
      await assert.rejects(
        run(fail, { how: 'later' }),
        (error) => error instanceof RetryAt && error.at.getTime() === 2_000_000_000_000,
      );
      await assert.rejects(run(fail, { how: 'unsendable' }), /BigInt/);
      await assert.rejects(run(fail, { how: 'completes' }), /complete is not at hand in a child/);
    });
  });

  test(`${kind}: progress and log lines reach the worker`, async () => {
    const lines: { msg?: string; sample?: number; level?: string }[] = [];
    const log = createLog({ service: 'test' }, { write: (line) => lines.push(JSON.parse(line)) });
    const told: unknown[] = [];
    await using({ kind, log }, async (run) => {
      await run(report, {}, { log, progress: (...what) => told.push(what) });
    });
    assert.deepEqual(told, [
      [0.5, 'half'],
      [1, 'whole'],
    ]);
    assert.partialDeepStrictEqual(lines, [{ msg: 'a line from the child', sample: 7, level: 'warn' }]);
  });

  test(`${kind}: a crash fails its attempt alone, and the next job has another child`, async () => {
    await using({ kind, size: 2 }, async (run) => {
      const other = run(spin, { ms: 300 });
      await assert.rejects(
        run(crash, { how: 'exit' }),
        (error) =>
          error instanceof HandlerCrashed && /ended with exit code 3 in the middle/.test(error.message),
      );
      assert.equal(await other, 'spun');
      assert.equal(await run(spin, { ms: 1 }), 'spun');
    });
  });

  test(`${kind}: a handler that heeds its signal ends by itself; one that hangs is killed`, async () => {
    await using({ kind, graceMs: 300 }, async (run) => {
      const heeding = new AbortController();
      const heeded = run(
        heed,
        {},
        { signal: heeding.signal, progress: () => heeding.abort(new Error('enough')) },
      );
      await assert.rejects(
        heeded,
        (error: Error) => error.message === 'enough' && !(error instanceof HandlerKilled),
      );
      const first = ((await run(echo)) as { where: number }).where;

      const stop = new AbortController();
      const hung = run(hang, {}, { signal: stop.signal });
      setTimeout(() => stop.abort(new Error('its time is over')), 100);
      await assert.rejects(
        hung,
        (error) =>
          error instanceof HandlerKilled &&
          /its time is over.*did not stop within 300 ms/.test(error.message),
      );
      assert.notEqual(((await run(echo)) as { where: number }).where, first);
    });
  });

  test(`${kind}: whose worker is fenced off is killed without grace`, async () => {
    await using({ kind, graceMs: 60_000 }, async (run) => {
      const stop = new AbortController();
      const fenced = run(
        heed,
        {},
        {
          signal: stop.signal,
          progress: () => stop.abort(new WorkerFenced('it may have been declared dead')),
        },
      );
      await assert.rejects(fenced, HandlerKilled);
    });
  });

  test(`${kind}: renewed after so many jobs, and above so much memory`, async () => {
    await using({ kind, recycleAfterJobs: 2 }, async (run) => {
      const where = [];
      for (let n = 0; n < 5; n += 1) where.push(((await run(echo)) as { where: number }).where);
      assert.equal(where[0], where[1]);
      assert.equal(new Set(where).size, 3);
    });
    await using({ kind, recycleAboveMiB: 400 }, async (run) => {
      const first = await run(hoard, { mib: 1 });
      assert.equal(await run(hoard, { mib: 500 }), first, 'never in the middle of a job');
      assert.notEqual(await run(hoard, { mib: 1 }), first);
    });
  });

  test(`${kind}: no more children than its size; who waits can give up`, async () => {
    await using({ kind, size: 2 }, async (run) => {
      const where = await Promise.all(Array.from({ length: 6 }, () => run(echo)));
      assert.ok(new Set(where.map((one) => (one as { where: number }).where)).size <= 2);
      const long = [run(heed), run(heed)].map((one) => one.catch((error) => error));
      const stop = new AbortController();
      const waits = run(echo, {}, { signal: stop.signal });
      stop.abort(new Error('not any more'));
      await assert.rejects(waits, /not any more/);
      assert.equal(long.length, 2);
    });
  });
}

test('a child that runs out of memory or is ended by a signal says so', async () => {
  await using({}, async (run) => {
    await assert.rejects(run(crash, { how: 'signal' }), /was ended by SIGSEGV in the middle of the job/);
  });
  const before = process.env.NODE_OPTIONS;
  process.env.NODE_OPTIONS = '--max-old-space-size=48';
  await using({}, async (run) => {
    await assert.rejects(run(crash, { how: 'heap' }), /SIGABRT, perhaps for want of memory/);
  });
  if (before === undefined) delete process.env.NODE_OPTIONS;
  else process.env.NODE_OPTIONS = before;
});

test('a module that cannot be loaded, or has no handlers, is said at the start', async () => {
  const empty = join(folder, 'empty.mjs');
  await writeFile(empty, 'export const handlers = [];');
  for (const module of [join(folder, 'missing.mjs'), empty])
    await assert.rejects(
      openIsolation({ modules: [module], kind: 'process', size: 1, log: silentLog }).start(),
      (error: Error) => error.name === HandlersNotLoaded.name && error.message.includes(module),
    );
});

test('a child ends with its worker, also by kill -9 while its handler never lets go', async () => {
  const file = join(folder, 'pid');
  const worker = spawnScript(import.meta.resolve('../testing/isolating.ts'), {}, { args: [file] });
  const pid = await eventually(
    'the handler runs',
    async () => Number(await readFile(file, 'utf8').catch(() => 0)) || undefined,
  );
  assert.ok(alive(pid) && pid !== worker.child.pid);
  await worker.kill('SIGKILL');
  await eventually('its child is gone', async () => !alive(pid) || undefined, 10_000);
});

test('in a worker: a job that hangs beyond its time has failed; a poison job is dead after its attempts', async () => {
  const { db } = database;
  const isolation = openIsolation({ modules, kind: 'process', size: 2, graceMs: 200, log: silentLog });
  await isolation.start();
  assert.ok(isolation.tasks.includes('hang'));
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: ['isolated'],
    concurrency: 2,
    handlers: [hang, crash, echo].map(isolation.isolated),
  });
  await worker.start();
  const dead = (id: string) =>
    eventually(`job ${id} is dead`, async () => {
      const job = await findJob(db, id);
      return job?.state === 'dead' ? job : undefined;
    });
  const hung = await enqueue(db, hang, {}, { queue: 'isolated', timeoutMs: 200, maxAttempts: 1 });
  const { error } = await dead(hung.id);
  assert.match(
    error?.message ?? '',
    /longer than 200 ms, and its handler did not stop within 200 ms: its process was killed/,
  );
  const poison = await enqueue(db, crash, { how: 'exit' }, { queue: 'isolated', maxAttempts: 2 });
  assert.partialDeepStrictEqual(await dead(poison.id), { attempts: 2, error: { name: 'HandlerCrashed' } });
  await worker.stop();
  await isolation.stop();
});
