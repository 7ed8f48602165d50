import type { Db } from '@labwright/kernel/db';
import { loop, type Part } from '@labwright/kernel/lifecycle';
import type { Log } from '@labwright/kernel/log';
import { bothObservers, recordFigures } from '../figures/record.ts';
import { limitTasks } from '../limits/limits.ts';
import { keepTasks, type Retention } from '../store/retention.ts';
import { keepUp, settleUnseenJobs } from '../store/upkeep.ts';
import { wakeOthers } from '../store/wake.ts';
import { takeOverRepeatableJobs } from '../store/workers.ts';
import type { Transport } from '../transport.ts';
import { WorkerFenced } from './attempt.ts';
import type { Handler } from './handler.ts';
import type { Observer } from './observer.ts';
import { openSession, type Session } from './session.ts';

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
  /** Called with its id each time that it is put on record, before it claims anything. */
  onJoined?(id: string): void;
  /** Told of every attempt; `jobMetrics` makes one. */
  observer?: Observer;
  /** How long jobs are kept after their end; default 7 days, 30 where they failed. The same in all workers of a database. */
  retention?: Retention;
}

export interface Worker extends Part {
  /** On record by this id; undefined while it is not. Another one after it was fenced off. */
  readonly id: string | undefined;
  /** Jobs in hand. */
  readonly running: number;
  /** Ends the jobs in hand at once: they are handed back. */
  handBack(): Promise<void>;
}

/** Looks after falling asleep, in milliseconds: for a commit that came between the last look and the mark. */
const looks = [10, 40, 150, 500, 2_000];
/** Milliseconds that a worker has no room before it says that others are wanted. */
const fullMs = 20;
/**
 * Milliseconds that a worker has work before it says that it does not sleep: for a single job the two words, each a commit, would
 * cost more than the notifications that they save.
 */
const busyMs = 50;
const upkeepMs = 1_000;
/** Milliseconds that handlers which were told to stop are waited for before their jobs go to others. */
const handBackMs = 1_000;
/** How often workers look whether another one is gone. */
const presenceMs = 400;
/** Of the advisory locks that show which processes live: `job_workers.presence`. */
const presenceSpace = 5004;

/**
 * A process that carries out jobs.
 *
 *     joined ──claims, runs, records──► joined …
 *       ├─ its lease cannot be trusted ──► fenced: every job in hand is told, nothing is recorded ──► joined anew
 *       └─ stop: claims nothing, waits for what it has ──► the rest is handed back ──► left
 */
export function createWorker(options: WorkerOptions): Worker {
  const { db, transport, log, queues, concurrency = 10, leaseMs = 10_000, drainMs = 30_000 } = options;
  if (queues.length === 0) throw new Error('A worker works on at least one queue: name it.');
  const handlers = new Map(options.handlers.map((handler) => [handler.task.name, handler]));
  const figures = recordFigures(db, log);
  const observer = bothObservers(figures, options.observer);
  const stopping = new AbortController();
  let session: Session | undefined;
  let presence: number | null = null;
  let stopListening = () => {};
  let stopShowing = async () => {};
  /** Something happened since the last round began. */
  let poked = false;
  let wakeUp: (() => void) | undefined;
  let working: Promise<void> | undefined;
  /** Whoever makes a job ready in our queues says so. */
  let marked = false;

  const open = () =>
    openSession({
      db,
      transport,
      log,
      queues,
      handlers,
      concurrency,
      leaseMs,
      presence: () => presence,
      claims: () => !stopping.signal.aborted,
      poke,
      onRetry: () => upkeep.poke(),
      observer,
      onFenced: () => {
        session = undefined;
        poke();
      },
    });

  const poke = () => {
    poked = true;
    wakeUp?.();
  };
  /** Until poked (false), or so many milliseconds (true). */
  const rest = async (ms: number): Promise<boolean> => {
    if (poked) return false;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    wakeUp = undefined;
    return !poked;
  };
  const mark = async (wanted: boolean) => {
    if (marked === wanted) return;
    marked = wanted;
    await transport.sleeps(queues, wanted);
  };

  const onReady = (woken: Iterable<string>) => {
    for (const queue of woken) {
      if (!queues.includes(queue)) continue;
      session?.expect(queue);
      poke();
    }
  };
  /** Beside the rounds: decides which new jobs with keys are ready. Asked for meanwhile, it looks once more. */
  let settling = false;
  let settleAgain = false;
  const settle = () => {
    settleAgain = true;
    if (settling) return;
    settling = true;
    const look = async () => {
      while (settleAgain) {
        settleAgain = false;
        await settleUnseenJobs(db, onReady);
      }
    };
    look()
      // The upkeep looks again.
      .catch((error) => log.debug({ err: error }, 'jobs with keys could not be looked at'))
      .finally(() => {
        settling = false;
      });
  };

  const isDone = () => stopping.signal.aborted && (session?.running ?? 0) === 0;

  const work = async () => {
    let look = 0;
    let busySince: number | undefined;
    while (!isDone()) {
      try {
        if (!session) {
          session = await open();
          options.onJoined?.(session.worker);
        }
        const current = session;
        // Set before the round, so that what happens in it is not missed.
        poked = false;
        // Jobs with keys that were committed between the look and the mark: else the upkeep would find them, a second later.
        if (look > 0) settle();
        if (await current.round()) {
          look = 0;
          busySince ??= performance.now();
          if (performance.now() - busySince > busyMs) await mark(false);
          continue;
        }
        busySince = undefined;
        if (poked || isDone()) continue;
        if (current.running >= concurrency || stopping.signal.aborted || presence === null) {
          // Full for a while: then others, who may sleep, are to be woken.
          if (await rest(fullMs)) {
            if (!stopping.signal.aborted && !marked) {
              await mark(true);
              // For what came while nobody was said to sleep.
              await wakeOthers(db, queues);
            }
            await rest(2_000);
          }
          continue;
        }
        if (!marked) {
          await mark(true);
          settle();
          continue;
        }
        if (poked) continue;
        await rest(looks[Math.min(look, looks.length - 1)] ?? 2_000);
        look += 1;
      } catch (error) {
        if (isDone()) return;
        log.warn({ err: error }, 'a worker could not reach the database; it tries again');
        poked = false;
        await rest(500);
      }
    }
  };

  const upkeep = loop({
    name: 'upkeep of jobs',
    idleMs: upkeepMs,
    log,
    work: async () => {
      const { queues: woken, nextDueMs } = await keepUp(db, { log, retention: options.retention, onReady });
      onReady(woken);
      if (nextDueMs !== null && nextDueMs < upkeepMs)
        setTimeout(() => upkeep.poke(), Math.max(1, nextDueMs)).unref();
    },
  });
  const takeovers = loop({
    name: 'takeover of jobs',
    idleMs: presenceMs,
    log,
    work: async () => {
      if ((await takeOverRepeatableJobs(db)) > 0) poke();
    },
  });

  // A stop whose drain takes too long leaves by handing back, and waits for that.
  let left = Promise.resolve();
  const leave = (): Promise<void> => {
    const last = session;
    session = undefined;
    left = left.then(() => last?.leave());
    return left;
  };

  const worker: Worker = {
    name: 'worker',
    get id() {
      return session?.worker;
    },
    get running() {
      return session?.running ?? 0;
    },
    start: async () => {
      const tasks = options.handlers.map(({ task }) => task);
      await limitTasks(db, tasks);
      await keepTasks(db, tasks);
      stopListening = await transport.listen((queue, settled = false) => {
        if (queue !== null && !queues.includes(queue)) return;
        session?.expect(queue);
        poke();
        if (settled) return;
        // Who sent this may have taken the mark away.
        marked = false;
        // Who has no room leaves it to the others, and to the upkeep.
        if ((session?.running ?? 0) < concurrency) settle();
      });
      stopShowing = await db.present(presenceSpace, {
        onShown: (id) => {
          presence = id;
          poke();
        },
        onLost: () => {
          presence = null;
          session?.giveBackRepeatable(
            new WorkerFenced('the connection that shows that this worker lives is lost'),
          );
        },
      });
      await upkeep.start();
      await takeovers.start();
      await figures.start();
      working ??= work();
    },
    stop: async () => {
      stopping.abort();
      poke();
      const timer = setTimeout(() => void worker.handBack(), drainMs);
      await working;
      clearTimeout(timer);
      await takeovers.stop();
      await upkeep.stop();
      stopListening();
      await leave();
      await figures.stop();
      await stopShowing();
    },
    handBack: async () => {
      stopping.abort();
      const last = session;
      // Their keys are free once it has left: who heeds the signal is at rest by then.
      await last?.stop(new WorkerFenced('the worker stops, and hands its jobs back'), handBackMs);
      poke();
      await leave();
    },
  };
  return worker;
}
