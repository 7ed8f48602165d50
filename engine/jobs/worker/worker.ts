import { hostname } from 'node:os';
import { contextFromHeaders, enterContext } from '@labwright/kernel/context';
import type { Db } from '@labwright/kernel/db';
import { loop, type Part } from '@labwright/kernel/lifecycle';
import type { Log } from '@labwright/kernel/log';
import type { ClaimedJob } from '../job.ts';
import { recordFailure, recordProgress, recordSuccesses, type Success } from '../store/finish.ts';
import { keepUp, settleUnseenJobs } from '../store/upkeep.ts';
import { giveBackJobs } from '../store/workers.ts';
import type { Transport } from '../transport.ts';
import { attempt, JobCancelled, WorkerFenced } from './attempt.ts';
import type { Handler } from './handler.ts';
import { joinAsWorker, type Membership } from './membership.ts';

export interface WorkerOptions {
  db: Db;
  transport: Transport;
  log: Log;
  queues: readonly string[];
  handlers: readonly Handler[];
  /** Jobs at once; default 10. */
  concurrency?: number;
  /** Milliseconds until a worker that fell silent is taken for dead; default 10,000. */
  leaseMs?: number;
  /** Milliseconds that a stop waits for the jobs in hand; default 30,000. */
  drainMs?: number;
}

export interface Worker extends Part {
  /** Jobs in hand. */
  readonly running: number;
  /** Ends the jobs in hand at once: they are handed back. */
  handBack(): Promise<void>;
}

interface Run {
  job: ClaimedJob;
  controller: AbortController;
}

/** Looks after falling asleep, in milliseconds: for a commit that came between the last look and the mark. */
const looks = [10, 40, 150, 500, 2_000];
/** Statements at once that record jobs with keys. */
const mostRecordings = 4;
const upkeepMs = 1_000;
const progressEveryMs = 200;

/**
 * A process that carries out jobs.
 *
 *     joined ──claims, runs, records──► joined …
 *       ├─ its lease cannot be trusted ──► fenced: every job in hand is told, nothing is recorded ──► joined anew
 *       └─ stop: claims nothing, waits for what it has ──► the rest is handed back ──► left
 */
export function createWorker(options: WorkerOptions): Worker {
  const { db, transport, log, queues, concurrency = 10, leaseMs = 10_000, drainMs = 30_000 } = options;
  const handlers = new Map(options.handlers.map((handler) => [handler.task.name, handler]));
  const runs = new Map<string, Run>();
  const successes: Success[] = [];
  const keyed: Success[] = [];
  let recordings = 0;
  const stopping = new AbortController();
  let membership: Membership | undefined;
  let stopListening = () => {};
  let poke = () => {};
  let working: Promise<void> | undefined;
  let asleep = false;

  const say = (event: string, job: ClaimedJob, more: object = {}) =>
    log.debug({ job: job.id, task: job.task, attempt: job.attempts, ...more }, event);

  const fence = () => {
    for (const { controller } of runs.values())
      controller.abort(new WorkerFenced('this worker may have been declared dead'));
    runs.clear();
    successes.length = 0;
    keyed.length = 0;
  };

  const join = async (): Promise<Membership> => {
    const joined = await joinAsWorker(db, {
      name: `${hostname()}:${process.pid}`,
      queues,
      leaseMs,
      log,
      onBeat: ({ id, cancelled, held }) => {
        for (const job of cancelled) runs.get(job)?.controller.abort(new JobCancelled('it was cancelled'));
        const lost = held.filter((job) => !runs.has(job));
        if (lost.length === 0) return;
        log.warn({ jobs: lost.length }, 'jobs are given back that this worker was never told of');
        giveBackJobs(db, id, lost).catch(() => {});
      },
    });
    joined.signal.addEventListener('abort', () => {
      log.error(
        { err: joined.signal.reason },
        'this worker is fenced off: its jobs are told to stop, and go to others',
      );
      fence();
      if (membership === joined) membership = undefined;
      poke();
    });
    return joined;
  };

  /** Records what an attempt came to, again until the database answers or the worker is fenced off. */
  const recordUntilAnswered = async (member: Membership, record: () => Promise<void>) => {
    for (let ms = 100; !member.signal.aborted; ms = Math.min(ms * 2, 2_000)) {
      try {
        return await record();
      } catch (error) {
        log.warn({ err: error }, 'the end of a job is recorded again');
        await new Promise((resolve) => setTimeout(resolve, ms));
      }
    }
  };

  const carryOut = async (member: Membership, job: ClaimedJob, run: Run) => {
    if (job.trace) enterContext(contextFromHeaders({ traceparent: job.trace }));
    let toldAt = 0;
    const ending = await attempt(job, handlers.get(job.task), {
      log,
      controller: run.controller,
      tellProgress: (fraction, text) => {
        const now = performance.now();
        if (now - toldAt < progressEveryMs && fraction < 1) return;
        toldAt = now;
        recordProgress(db, member.id, job.id, fraction, text).catch(() => {});
      },
    });
    if (ending.kind === 'lost' || member.signal.aborted) return;
    if (ending.kind === 'succeeded') {
      const success = { id: job.id, keyed: job.key !== null, result: ending.result };
      if (success.keyed) {
        // What ends in this turn of the event loop is recorded together.
        if (keyed.push(success) === 1) setImmediate(recordKeyed);
        return;
      }
      successes.push(success);
      poke();
      return;
    }
    const { state, error, retryAt } = ending;
    say(`a job is ${state}`, job, { error: error.message });
    await recordUntilAnswered(member, async () => {
      await recordFailure(db, member.id, { id: job.id, attempt: job.attempts, state, error, retryAt });
    });
    if (runs.get(job.id) === run) runs.delete(job.id);
    if (retryAt) upkeep.poke();
    poke();
  };

  const begin = (member: Membership, job: ClaimedJob) => {
    // Fenced off or gone since it asked: the job is not ours any more, or will not be.
    if (member !== membership) return;
    const run: Run = { job, controller: new AbortController() };
    runs.set(job.id, run);
    carryOut(member, job, run).catch((error) =>
      log.error({ err: error, job: job.id }, 'a job failed on our side'),
    );
  };

  /** Records what succeeded, and begins what follows on the same keys. */
  const record = async (member: Membership, done: readonly Success[]): Promise<void> => {
    if (done.length === 0) return;
    let followers: ClaimedJob[] = [];
    await recordUntilAnswered(member, async () => {
      followers = await recordSuccesses(db, member.id, done, stopping.signal.aborted ? [] : queues);
    });
    // After a fence `runs` holds others, maybe under the same ids.
    if (member !== membership) return;
    for (const { id } of done) runs.delete(id);
    for (const job of followers) begin(member, job);
  };

  /** Those with keys do not wait for one another: each holds up the next of its key. */
  const recordKeyed = () => {
    const member = membership;
    if (!member || keyed.length === 0 || recordings >= mostRecordings) return;
    recordings += 1;
    const done = keyed.splice(0);
    const before = runs.size;
    record(member, done)
      .catch((error) => log.error({ err: error }, 'the ends of jobs could not be recorded'))
      .finally(() => {
        recordings -= 1;
        recordKeyed();
        // Handed on from job to job, the places stay taken: then there is nothing to claim.
        if (runs.size < before || stopping.signal.aborted) poke();
      });
  };

  /** One round: records and claims. True where there may be more. */
  const round = async (member: Membership): Promise<boolean> => {
    // What ends in this turn of the event loop is recorded together.
    await new Promise((resolve) => setImmediate(resolve));
    let room = stopping.signal.aborted ? 0 : concurrency - runs.size + successes.length;
    const recorded = record(member, successes.splice(0));
    let found = 0;
    for (const queue of queues) {
      if (room <= 0) break;
      const claimed = await transport.claim(queue, member.id, room);
      for (const job of claimed) begin(member, job);
      found += claimed.length;
      room -= claimed.length;
    }
    await recorded;
    return found > 0;
  };

  /** Until poked, or so many milliseconds. */
  const rest = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      function done() {
        clearTimeout(timer);
        poke = () => {};
        resolve();
      }
      poke = done;
    });

  const work = async () => {
    let look = 0;
    while (!(stopping.signal.aborted && runs.size === 0)) {
      try {
        membership ??= await join();
        const member = membership;
        // Set before the round, so that what happens in it is not missed.
        let poked = false;
        poke = () => {
          poked = true;
        };
        if (await round(member)) {
          look = 0;
          if (asleep) {
            asleep = false;
            await transport.sleeps(queues, false);
          }
          continue;
        }
        if (poked || (stopping.signal.aborted && runs.size === 0)) continue;
        if (runs.size >= concurrency || stopping.signal.aborted) {
          await rest(2_000);
          continue;
        }
        if (!asleep) {
          asleep = true;
          await transport.sleeps(queues, true);
          for (const queue of await settleUnseenJobs(db)) if (queues.includes(queue)) poked = true;
          continue;
        }
        if (poked) continue;
        await rest(looks[Math.min(look, looks.length - 1)] ?? 2_000);
        look += 1;
      } catch (error) {
        if (stopping.signal.aborted && runs.size === 0) return;
        log.warn({ err: error }, 'a worker could not reach the database; it tries again');
        await rest(500);
      }
    }
  };

  const upkeep = loop({
    name: 'upkeep of jobs',
    idleMs: upkeepMs,
    log,
    work: async () => {
      const { queues: woken, nextDueMs } = await keepUp(db);
      if (queues.some((queue) => woken.has(queue))) poke();
      if (nextDueMs !== null && nextDueMs < upkeepMs)
        setTimeout(() => upkeep.poke(), Math.max(1, nextDueMs)).unref();
    },
  });

  // A stop whose drain takes too long leaves by handing back, and waits for that.
  let left = Promise.resolve();
  const leave = (): Promise<void> => {
    const member = membership;
    membership = undefined;
    left = left.then(() => member?.leave());
    return left;
  };

  const worker: Worker = {
    name: 'worker',
    get running() {
      return runs.size;
    },
    start: async () => {
      stopListening = await transport.listen((queue) => {
        if (queue === null || queues.includes(queue)) {
          settleUnseenJobs(db)
            .catch(() => {})
            .finally(() => poke());
        }
      });
      await upkeep.start();
      working ??= work();
    },
    stop: async () => {
      stopping.abort();
      poke();
      const timer = setTimeout(() => void worker.handBack(), drainMs);
      await working;
      clearTimeout(timer);
      await upkeep.stop();
      stopListening();
      await leave();
    },
    handBack: async () => {
      stopping.abort();
      for (const { controller } of runs.values())
        controller.abort(new WorkerFenced('the worker stops, and hands its jobs back'));
      runs.clear();
      poke();
      await leave();
    },
  };
  return worker;
}
