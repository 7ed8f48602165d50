import { setTimeout as pause } from 'node:timers/promises';
import { enqueue, type Job, waitForJobs } from '@labwright/jobs';
import type { Db } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import type { Supervisor } from '@labwright/worker';
import Type from 'typebox';
import type { DispatchJob } from '../dispatch/config.ts';

/** What one round of a load test came to. Times in milliseconds. */
export interface Round {
  workers: number;
  totalMs: number;
  succeeded: number;
  failed: number;
  open: number;
  retries: number;
  /** From being sent to being done, sorted. */
  latencies: number[];
  /** Of the handlers, all together. */
  workMs: number;
  /** Attempts of each worker, a queue. */
  spread: Map<string, number[]>;
}

const remove = command(
  'labwright.load_test.remove',
  `DELETE FROM jobs WHERE id = ANY ($1::bigint[]) AND state IN ('succeeded', 'failed', 'dead', 'cancelled')`,
);
const withdraw = rows(
  'labwright.load_test.withdraw',
  Type.Object({ state: Type.String() }),
  'SELECT state FROM unnest($1::bigint[]) AS asked (id), LATERAL cancel_job(asked.id)',
);

const sentAtOnce = 50;
/** Workers tell their figures each half second. */
const figuresMs = 1_500;

/** Sends so many tasks, in turn those of the file, and waits until all are done. Leaves no job behind. */
export async function measure(
  db: Db,
  options: {
    jobs: readonly DispatchJob[];
    tasks: number;
    workers: number;
    supervisors: ReadonlyMap<string, Supervisor>;
    timeoutMs: number;
    signal: AbortSignal;
    onProgress(done: number): void;
  },
): Promise<Round> {
  const { jobs, tasks, supervisors, signal } = options;
  const before = new Map([...supervisors].map(([queue, supervisor]) => [queue, doneOf(supervisor)]));
  const ids: string[] = [];
  const began = performance.now();
  let next = 0;
  const send = async () => {
    while (next < tasks && !signal.aborted) {
      const job = jobs[next % jobs.length];
      next += 1;
      if (job) ids.push((await enqueue(db, job.handler.task, job.payload, { queue: job.queue })).id);
    }
  };
  await Promise.all(Array.from({ length: sentAtOnce }, send));
  let done = 0;
  const { ended, open } = await waitForJobs(db, ids, {
    timeoutMs: options.timeoutMs,
    signal,
    onEnded: (some) => {
      done += some.length;
      options.onProgress(done);
    },
  });
  const totalMs = performance.now() - began;
  if (open.length > 0) await db.query(withdraw, [open]);
  else await pause(figuresMs);
  await db.execute(remove, [ids]);

  const all = [...ended.values()];
  const succeeded = all.filter(({ state }) => state === 'succeeded').length;
  return {
    workers: options.workers,
    totalMs,
    succeeded,
    failed: all.length - succeeded,
    open: open.length,
    retries: all.reduce((sum, { attempts }) => sum + Math.max(0, attempts - 1), 0),
    latencies: all.map((job) => at(job.finished_at) - at(job.created_at)).sort((a, b) => a - b),
    workMs: all.reduce((sum, job) => sum + workOf(job), 0),
    spread: new Map(
      [...supervisors].map(([queue, supervisor]) => [
        queue,
        [...doneOf(supervisor)].map(([pid, count]) => count - (before.get(queue)?.get(pid) ?? 0)),
      ]),
    ),
  };
}

const at = (time: string | null) => Date.parse(time ?? '');
const workOf = (job: Job) => (job.started_at === null ? 0 : at(job.finished_at) - at(job.started_at));
const doneOf = (supervisor: Supervisor) =>
  new Map(supervisor.status().flatMap(({ pid, done }) => (pid === null ? [] : [[pid, done] as const])));
