import { hostname } from 'node:os';
import { carriedContext, runInContext } from '@labwright/kernel/context';
import type { Db } from '@labwright/kernel/db';
import type { Log } from '@labwright/kernel/log';
import type { ClaimedJob } from '../job.ts';
import { storableText } from '../json.ts';
import { recordFailure, recordProgress, recordSuccessIn, type Success } from '../store/finish.ts';
import { giveBackJobs, showWorker } from '../store/workers.ts';
import type { Transport } from '../transport.ts';
import { carryOut, type Desk, type Ending, JobCancelled, WorkerFenced } from './attempt.ts';
import type { Handler } from './handler.ts';
import { joinAsWorker } from './membership.ts';
import type { Observer } from './observer.ts';
import { openRecording } from './recording.ts';
import { Run, type RunTools } from './run.ts';
import { takeTurns } from './turns.ts';

/** One life of a worker, under one id: from when it joined until it left or was fenced off. */
export interface Session {
  readonly worker: string;
  /** Jobs in hand. */
  readonly running: number;
  /** Records what has ended, and claims as much as there is room for. True where there may be more. */
  round(): Promise<boolean>;
  /** There may be work in this queue; null: in any. */
  expect(queue: string | null): void;
  /** Tells every job in hand to stop: what they come to is not recorded. Waits at most so long until they have stopped. */
  stop(reason: WorkerFenced, waitMs?: number): Promise<void>;
  /** The same for jobs that may be repeated, which are given back. */
  giveBackRepeatable(reason: WorkerFenced): void;
  leave(): Promise<void>;
}

export interface SessionOptions {
  db: Db;
  transport: Transport;
  log: Log;
  queues: readonly string[];
  handlers: ReadonlyMap<string, Handler>;
  concurrency: number;
  leaseMs: number;
  /** By what others see that this process lives; null while they cannot: then nothing is claimed. */
  presence(): number | null;
  /** False: nothing is claimed for now. */
  claims(): boolean;
  /** Called when there may be something to do. */
  poke(): void;
  /** Called when a job is to be tried again. */
  onRetry(): void;
  /** Called when the worker may have been declared dead. */
  onFenced(): void;
  observer?: Observer | undefined;
}

const progressEveryMs = 200;

export async function openSession(options: SessionOptions): Promise<Session> {
  const { db, transport, log, queues, handlers, concurrency, poke, observer } = options;
  const runs = new Map<string, Run>();
  let over = false;
  const turns = takeTurns(queues);

  /** Takes these jobs out of hand; answers their ids. */
  const drop = (reason: WorkerFenced, which: (task: string) => boolean): string[] => {
    const dropped: string[] = [];
    for (const [id, run] of runs) {
      if (!which(run.job.task)) continue;
      run.stop(reason);
      runs.delete(id);
      dropped.push(id);
    }
    recording.keep(({ id }) => runs.has(id));
    return dropped;
  };
  const stop = async (reason: WorkerFenced, waitMs = 0): Promise<void> => {
    over = true;
    const working = [...runs.values()].map(({ ended }) => ended);
    drop(reason, () => true);
    if (waitMs === 0 || working.length === 0) return;
    const timeOver = Promise.withResolvers<void>();
    const timer = setTimeout(timeOver.resolve, waitMs);
    await Promise.race([Promise.all(working), timeOver.promise]);
    clearTimeout(timer);
  };
  const isRepeatable = (task: string) => handlers.get(task)?.task.settings.repeatable === true;

  let presence = options.presence();
  const member = await joinAsWorker(db, {
    name: `${hostname()}:${process.pid}`,
    queues,
    repeatable: [...handlers.keys()].filter(isRepeatable),
    presence,
    leaseMs: options.leaseMs,
    log,
    onBeat: ({ id, cancelled, held }) => {
      for (const job of cancelled) runs.get(job)?.stop(new JobCancelled('it was cancelled'));
      const lost = held.filter((job) => !runs.has(job));
      if (lost.length === 0) return;
      log.warn({ jobs: lost.length }, 'jobs are given back that this worker was never told of');
      giveBackJobs(db, id, lost).catch(() => {});
    },
  });
  member.signal.addEventListener('abort', () => {
    log.error(
      { err: member.signal.reason },
      'this worker is fenced off: its jobs are told to stop, and go to others',
    );
    void stop(new WorkerFenced('this worker may have been declared dead'));
    options.onFenced();
  });

  /** The last claim found jobs: there may be more. Where jobs follow on one another there are none, and a claim is not worth its price. */
  let othersReady = false;

  const recording = openRecording({
    db,
    worker: member.id,
    transport,
    log,
    queues,
    claims: options.claims,
    isOver: () => over,
    nextQueue: () => {
      if (!othersReady || !options.claims() || presence === null || presence !== options.presence())
        return undefined;
      const [first] = turns.next();
      return first && !first.dry ? first.queue : undefined;
    },
    onClaimed: (queue, jobs, followers) => {
      othersReady = jobs > 0;
      if (followers === 0) turns.found(queue, jobs);
    },
    onRecorded: (done, followers, claimed) => {
      const queue = runs.get(done[0]?.id ?? '')?.queue ?? '';
      forget(done);
      beginAll(followers, queue);
      if (claimed) beginAll(claimed.jobs, claimed.queue);
    },
    inHand: () => runs.size,
    poke,
  });

  const tellProgress = (run: Run, fraction: number, text: string | null) => {
    const now = performance.now();
    if (now - run.toldAt < progressEveryMs && fraction < 1) return;
    run.toldAt = now;
    recordProgress(db, member.id, run.id, fraction, text && storableText(text)).catch(() => {});
  };

  const tools: RunTools = {
    tellProgress,
    complete: (tx, run, result) => recordSuccessIn(tx, member.id, run.id, result),
  };

  const record = (run: Run, ending: Ending): Promise<void> | undefined => {
    const { job } = run;
    // Told to stop, it is in other hands, or will be: whatever it came to.
    if (ending.kind === 'lost' || runs.get(job.id) !== run) return undefined;
    if (ending.kind === 'failed') return fail(run, ending);
    if (ending.kind === 'succeeded') {
      stepEnded ||= job.key === null && job.flow !== null;
      recording.add({ id: job.id, keyed: job.key !== null, result: ending.result });
    } else {
      runs.delete(job.id);
      poke();
    }
    return undefined;
  };

  const fail = async (run: Run, { state, error, retryAt }: Ending & { kind: 'failed' }): Promise<void> => {
    const { job } = run;
    log.debug(
      { job: job.id, task: job.task, attempt: job.attempts, error: error.message },
      `a job is ${state}`,
    );
    await recording.untilAnswered(async () => {
      await recordFailure(db, member.id, { id: job.id, attempt: job.attempts, state, error, retryAt });
    });
    if (runs.get(job.id) === run) runs.delete(job.id);
    if (retryAt) options.onRetry();
    poke();
  };

  const desk: Desk = { log, observer, record };
  const begin = (job: ClaimedJob, queue: string) => {
    // Fenced off or gone since it asked: the job is not ours any more, or will not be.
    if (over) return;
    const run = new Run(job, queue, log, tools);
    runs.set(job.id, run);
    // Whoever caused it is who asks in it; what nobody asked for is done by the system, whoever made us look.
    const context = job.trace ? carriedContext(job.trace) : undefined;
    run.ended = runInContext(context, carryOut, run, handlers.get(job.task), desk);
  };

  const beginAll = (jobs: readonly ClaimedJob[], queue: string) => {
    for (const job of jobs) begin(job, queue);
  };
  /** These are on record. */
  const forget = (done: readonly Success[]) => {
    for (const { id } of done) runs.delete(id);
  };

  /** Claims from a queue, and records what has ended in the same exchange where the transport can. */
  const claim = async (queue: string, room: number, done: readonly Success[]): Promise<ClaimedJob[]> => {
    if (done.length === 0) return transport.claim(queue, member.id, room);
    if (!transport.finishAndClaim) {
      const [claimed] = await Promise.all([transport.claim(queue, member.id, room), recording.record(done)]);
      return claimed;
    }
    try {
      const claimed = await transport.finishAndClaim(done, queue, member.id, room);
      forget(done);
      return claimed;
    } catch (error) {
      log.warn({ err: error }, 'the end of jobs is recorded again');
      await recording.record(done);
      return [];
    }
  };

  /** A step of a flow is among what has ended: the next one is there once that is recorded, and not before. */
  let stepEnded = false;

  const round = async (): Promise<boolean> => {
    // What ends in this turn of the event loop is recorded together.
    await new Promise((resolve) => setImmediate(resolve));
    // Before anything is taken in hand: where it fails, the next round does it.
    if (presence !== options.presence()) {
      const shown = options.presence();
      if (shown !== null) await showWorker(db, member.id, shown);
      presence = shown;
    }
    let done = recording.take();
    const followed = stepEnded;
    stepEnded = false;
    let room = options.claims() && presence !== null ? concurrency - runs.size + done.length : 0;
    let found = 0;
    for (const { queue, dry } of turns.next()) {
      if (room <= 0 || (found > 0 && dry)) break;
      const claimed = await claim(queue, room, done);
      done = [];
      beginAll(claimed, queue);
      turns.found(queue, claimed.length);
      found += claimed.length;
      othersReady ||= claimed.length > 0;
      room -= claimed.length;
    }
    await recording.record(done);
    return found > 0 || followed;
  };

  return {
    worker: member.id,
    get running() {
      return runs.size;
    },
    round,
    expect: turns.expect,
    stop,
    giveBackRepeatable: (reason) => {
      const dropped = drop(reason, isRepeatable);
      // Who looked before us has taken them already; a job that nobody gives back the next beats find.
      if (dropped.length > 0) giveBackJobs(db, member.id, dropped).catch(() => {});
      poke();
    },
    leave: () => {
      over = true;
      return member.leave();
    },
  };
}
