import { declareWorkerDead } from '@labwright/jobs';
import type { Db } from '@labwright/kernel/db';
import type { Log } from '@labwright/kernel/log';
import { startWorkerProcess, type WorkerProcess } from './worker-process.ts';

/*
 *     wanted > there ──► a worker process is started ──► it ends unasked ──► its jobs go on elsewhere ──► it is started again,
 *                                                                                               later each time it ends at once
 *     wanted < there ──► the newest are drained (SIGTERM); killed where they do not end in their time
 */

export interface SupervisorOptions {
  /** Of each worker. */
  args: readonly string[];
  /** Milliseconds that a worker takes to drain at most. */
  drainMs: number;
  /** Where the jobs are. */
  db: Db;
  log: Log;
  say(line: string): void;
  env?: Record<string, string | undefined>;
}

export interface SupervisorFigures {
  /** Workers that claim jobs. */
  ready: number;
  /** Those that are started and do not yet. */
  starting: number;
  draining: number;
  /** Over all workers that there ever were: attempts that ended, and milliseconds that handlers ran. */
  done: number;
  busyMs: number;
  running: number;
}

export interface WorkerStatus {
  number: number;
  pid: number | null;
  state: WorkerProcess['state'] | 'waits';
  done: number;
  running: number;
  restarts: number;
}

export interface Supervisor {
  readonly wanted: number;
  scale(count: number): void;
  figures(): SupervisorFigures;
  status(): WorkerStatus[];
  /** Resolves with the reason where starting workers has no sense: their arguments are refused. */
  readonly hopeless: Promise<string>;
  /** Resolves when as many workers are ready as are wanted. */
  settled(): Promise<void>;
  /** Drains all; called again, they hand back what they have. Resolves when all have ended. */
  stop(): Promise<void>;
  kill(): void;
}

interface Place {
  number: number;
  worker: WorkerProcess | undefined;
  /** Waits to be started again. */
  timer: NodeJS.Timeout | undefined;
  restarts: number;
  /** Ends at once in a row. */
  failures: number;
}

/** A worker that lived shorter than this ended at once. */
const briefMs = 5_000;
const backoff = { firstMs: 500, longestMs: 30_000 };
/** Beyond its drain, until a worker that does not answer is killed. */
const stubbornMs = 10_000;
const wrongUse = 2;

export function superviseWorkers(options: SupervisorOptions): Supervisor {
  const { db, log, say } = options;
  const places = new Map<number, Place>();
  /** Ended ones, so that sums never fall. */
  const past = { done: 0, busyMs: 0 };
  const leaving = new Set<WorkerProcess>();
  const closing = new Set<Promise<void>>();
  const hopeless = Promise.withResolvers<string>();
  let watchers: (() => void)[] = [];
  let wanted = 0;
  let stopping = false;

  const look = () => {
    const now = watchers;
    watchers = [];
    for (const watch of now) watch();
  };
  const changed = () => new Promise<void>((resolve) => watchers.push(resolve));

  const start = (place: Place) => {
    place.timer = undefined;
    const worker = startWorkerProcess(options.args, {
      number: place.number,
      env: options.env ?? process.env,
      say: (line) => say(`worker ${place.number}: ${line}`),
      onReady: look,
    });
    place.worker = worker;
    const over = worker.ended.then((how) => afterEnd(place, worker, how));
    const whole = over.catch((error) =>
      log.error({ err: error }, 'the end of a worker could not be dealt with'),
    );
    closing.add(whole);
    whole.finally(() => {
      closing.delete(whole);
      look();
    });
  };

  const afterEnd = async (place: Place, worker: WorkerProcess, how: number | NodeJS.Signals) => {
    const asked = leaving.delete(worker);
    const sinceEnd = performance.now();
    if (place.worker === worker) place.worker = undefined;
    const handed = await takeOver(worker);
    past.done += worker.figures.done;
    past.busyMs += worker.figures.busyMs;
    if (asked) return;
    const lived = sinceEnd - worker.startedAt;
    const ended = typeof how === 'number' ? `ended with exit code ${how}` : `was ended by ${how}`;
    if (how === wrongUse && lived < briefMs) hopeless.resolve(`worker ${place.number} ${ended}`);
    const went =
      handed > 0
        ? `; ${handed === 1 ? 'its job' : `its ${handed} jobs`} may start elsewhere, ${Math.round(performance.now() - sinceEnd)} ms later`
        : '';
    if (stopping || !places.has(place.number)) {
      say(`worker ${place.number} (process ${worker.pid}) ${ended}${went}.`);
      return;
    }
    place.restarts += 1;
    place.failures = lived < briefMs ? place.failures + 1 : 0;
    const waitMs =
      place.failures === 0 ? 0 : Math.min(backoff.longestMs, backoff.firstMs * 2 ** (place.failures - 1));
    const again =
      waitMs === 0 ? 'started again' : `started again in ${waitMs / 1_000} s, for it ended at once`;
    say(`worker ${place.number} (process ${worker.pid}) ${ended}${went}; it is ${again}.`);
    if (waitMs === 0) start(place);
    else place.timer = setTimeout(start, waitMs, place);
  };

  /** A dead worker's jobs start elsewhere now, and not when its lease has run out. Answers how many. */
  const takeOver = async (worker: WorkerProcess): Promise<number> => {
    if (!(await worker.closed)) {
      log.warn(
        { pid: worker.pid },
        'something that a worker started lives on: its jobs wait for the end of its lease',
      );
      return 0;
    }
    const handed = worker.ids.map((id) =>
      declareWorkerDead(db, id).catch((error) => {
        log.warn(
          { err: error, worker: id },
          'a worker could not be declared dead: its lease runs out by itself',
        );
        return 0;
      }),
    );
    return (await Promise.all(handed)).reduce((sum, count) => sum + count, 0);
  };

  const drain = (worker: WorkerProcess) => {
    leaving.add(worker);
    if (worker.state !== 'ended') worker.state = 'draining';
    worker.signal('SIGTERM');
    const timer = setTimeout(() => {
      say(`worker ${worker.number} (process ${worker.pid}) did not end when it was told to: it is killed.`);
      worker.signal('SIGKILL');
    }, options.drainMs + stubbornMs);
    worker.ended.then(() => clearTimeout(timer));
  };

  const adjust = () => {
    const numbers = [...places.keys()].sort((a, b) => a - b);
    for (const number of numbers.slice(wanted)) {
      const place = places.get(number);
      places.delete(number);
      clearTimeout(place?.timer);
      if (place?.worker) drain(place.worker);
    }
    for (let number = 1; places.size < wanted; number += 1) {
      if (places.has(number)) continue;
      const place: Place = { number, worker: undefined, timer: undefined, restarts: 0, failures: 0 };
      places.set(number, place);
      start(place);
    }
    look();
  };

  const workers = () => [...[...places.values()].flatMap(({ worker }) => worker ?? []), ...leaving];

  const supervisor: Supervisor = {
    get wanted() {
      return wanted;
    },
    scale: (count) => {
      wanted = count;
      adjust();
    },
    figures: () => {
      const sum = { ready: 0, starting: 0, draining: 0, running: 0, ...past };
      for (const { state, figures } of workers()) {
        if (state !== 'ended') sum[state] += 1;
        sum.done += figures.done;
        sum.busyMs += figures.busyMs;
        sum.running += figures.running;
      }
      return sum;
    },
    status: () => {
      const staying = [...places.values()].map(({ number, worker, restarts }) => ({
        number,
        pid: worker?.pid ?? null,
        state: worker?.state ?? ('waits' as const),
        done: worker?.figures.done ?? 0,
        running: worker?.figures.running ?? 0,
        restarts,
      }));
      const going = [...leaving].map(({ number, pid, state, figures: { done, running } }) => ({
        number,
        pid,
        state,
        done,
        running,
        restarts: 0,
      }));
      return [...staying, ...going].sort((a, b) => a.number - b.number);
    },
    hopeless: hopeless.promise,
    settled: async () => {
      while (supervisor.figures().ready < wanted) await changed();
    },
    stop: async () => {
      stopping = true;
      const repeated = [...leaving];
      supervisor.scale(0);
      for (const worker of repeated) worker.signal('SIGTERM');
      while (closing.size > 0) await Promise.all(closing);
    },
    kill: () => {
      stopping = true;
      for (const worker of workers()) worker.signal('SIGKILL');
    },
  };
  return supervisor;
}
