import { carryContext } from '@labwright/kernel/context';
import type { Part } from '@labwright/kernel/lifecycle';
import type { Log } from '@labwright/kernel/log';
import type { Task } from '../task.ts';
import { WorkerFenced } from '../worker/attempt.ts';
import type { Handler, JobContext } from '../worker/handler.ts';
import { type FromChild, packError, unpackError } from './messages.ts';
import { type Child, startChild } from './start-child.ts';

/*
 *     starting ──has its handlers──► idle ◄──the attempt is over──┐
 *        │                            │ └──────a job──────────► busy
 *        │ has none: the attempt      │ N jobs, M MiB, stop       │ it ends by itself: the attempt fails (HandlerCrashed)
 *        ▼ fails with the reason      ▼                           │ told to stop, and does not: killed (HandlerKilled)
 *      ended ◄────────────────────── retired                      ▼
 *        ▲──────────────────────────────────────────────────────ended; the next job starts another
 */

export interface IsolationOptions {
  /** URLs of modules that export `handlers: Handler[]`. */
  modules: readonly string[];
  /** A process survives what its handlers do to their memory; a thread is lighter, and starts faster. */
  kind: 'process' | 'thread';
  /** Children at most, each with one job at a time; they are started when they are needed. */
  size: number;
  /** A child ends after so many jobs; default: never. */
  recycleAfterJobs?: number;
  /** A child ends between two jobs where it has more memory than this: resident of a process, heap and buffers of a thread. */
  recycleAboveMiB?: number;
  /** Milliseconds that a handler has to stop once its signal has fired, before its child is killed; default 5,000. */
  graceMs?: number;
  log: Log;
}

export interface Isolation extends Part {
  /** The tasks that the modules handle; known once it is started. */
  readonly tasks: readonly string[];
  /** A handler for any worker whose work happens in a child. */
  isolated(task: Task): Handler;
}

/** The child of a handler ended in the middle of its job. */
export class HandlerCrashed extends Error {
  override readonly name = 'HandlerCrashed';
}
/** A handler did not stop when it was told to, and was killed with its child. */
export class HandlerKilled extends Error {
  override readonly name = 'HandlerKilled';
}

interface Place {
  readonly child: Child;
  jobs: number;
  memoryMiB: number;
  over: boolean;
  hear(said: FromChild): void;
}

/**
 * Children for handlers that keep a processor busy, or that may hang or crash: they harm one attempt and not the worker. `start`
 * begins one child and throws `HandlersNotLoaded` where the modules are not fit for it; `stop` kills what runs.
 */
export function openIsolation(options: IsolationOptions): Isolation {
  const { kind, size, modules, log, graceMs = 5_000 } = options;
  const { recycleAfterJobs = Number.POSITIVE_INFINITY, recycleAboveMiB = Number.POSITIVE_INFINITY } = options;
  const places = new Set<Place>();
  const idle: Place[] = [];
  const waiting: { take(place: Promise<Place>): void }[] = [];
  let tasks: readonly string[] = [];
  let stopped = false;

  const begin = async (): Promise<Place> => {
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
    const setup = { modules, logLevel: log.level };
    const child = startChild(kind, setup, (said) => place.hear(said));
    const place: Place = {
      child,
      jobs: 0,
      memoryMiB: 0,
      over: false,
      hear: (said) => {
        if (said.type === 'unusable') reject(unpackError(said.error));
        if (said.type !== 'ready') return;
        tasks = said.tasks;
        resolve();
      },
    };
    places.add(place);
    child.ended.then((how) => {
      reject(new HandlerCrashed(`A ${kind} for handlers ${how} before it was ready.`));
      remove(place);
    });
    try {
      await ready;
    } catch (error) {
      retire(place);
      throw error;
    }
    return place;
  };

  const remove = (place: Place) => {
    place.over = true;
    places.delete(place);
    if (idle.includes(place)) idle.splice(idle.indexOf(place), 1);
    if (!stopped && places.size < size) waiting.shift()?.take(begin());
  };

  const retire = (place: Place) => {
    place.over = true;
    place.child.send({ type: 'exit' });
    const timer = setTimeout(() => place.child.kill(), graceMs);
    place.child.ended.then(() => clearTimeout(timer));
  };

  const acquire = async (signal: AbortSignal): Promise<Place> => {
    if (stopped) throw new HandlerCrashed('The worker of this handler stops.');
    const free = idle.pop();
    if (free) return free;
    if (places.size < size) return begin();
    const { promise, resolve, reject } = Promise.withResolvers<Place>();
    const turn = { take: resolve as (place: Promise<Place>) => void };
    const giveUp = () => {
      const at = waiting.indexOf(turn);
      if (at < 0) return;
      waiting.splice(at, 1);
      reject(signal.reason);
    };
    waiting.push(turn);
    signal.addEventListener('abort', giveUp);
    return promise.finally(() => signal.removeEventListener('abort', giveUp));
  };

  const release = (place: Place) => {
    if (place.over) return;
    if (stopped || place.jobs >= recycleAfterJobs || place.memoryMiB > recycleAboveMiB) {
      log.debug({ jobs: place.jobs, memory_mib: Math.round(place.memoryMiB) }, `a ${kind} is renewed`);
      return retire(place);
    }
    const next = waiting.shift();
    if (next) next.take(Promise.resolve(place));
    else idle.push(place);
  };

  const run = async (task: Task, args: unknown, context: JobContext): Promise<unknown> => {
    const { signal } = context;
    signal.throwIfAborted();
    const place = await acquire(signal);
    try {
      // Aborted while a child was made ready for it.
      signal.throwIfAborted();
      return await carryOut(place, task, args, context);
    } finally {
      release(place);
    }
  };

  const carryOut = async (place: Place, task: Task, args: unknown, context: JobContext): Promise<unknown> => {
    const { id, attempt, key, signal } = context;
    const { child } = place;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    place.jobs += 1;
    const number = place.jobs;
    place.hear = (said) => {
      if ('run' in said && said.run !== number) return;
      if ('memoryMiB' in said) place.memoryMiB = said.memoryMiB;
      if (said.type === 'succeeded') resolve(said.result === undefined ? undefined : JSON.parse(said.result));
      else if (said.type === 'failed') reject(unpackError(said.error));
      else if (said.type === 'progress') context.progress(said.fraction, said.text);
      else if (said.type === 'log') passOn(context.log, said.line);
    };
    let killed: HandlerKilled | undefined;
    let timer: NodeJS.Timeout | undefined;
    child.ended.then((how) => {
      remove(place);
      reject(killed ?? new HandlerCrashed(`The ${kind} of its handler ${how} in the middle of the job.`));
    });
    const tell = () => {
      const reason = signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
      const kill = (how: string) => {
        killed = new HandlerKilled(`${reason.message}, ${how}: its ${kind} was killed`, { cause: reason });
        log.warn({ job: id, task: task.name }, killed.message);
        place.over = true;
        child.kill();
      };
      // The job may be another worker's at any moment: whatever the handler does, it does it no more.
      if (reason instanceof WorkerFenced) return kill('and the job may be another worker’s');
      child.send({ type: 'abort', error: packError(reason) });
      timer = setTimeout(kill, graceMs, `and its handler did not stop within ${graceMs} ms`);
    };
    signal.addEventListener('abort', tell, { once: true });
    child.send({
      type: 'run',
      run: number,
      task: task.name,
      args: JSON.stringify(args),
      context: { id, attempt, key },
      carried: carryContext(),
    });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', tell);
      place.hear = () => {};
    }
  };

  return {
    name: 'isolation',
    get tasks() {
      return tasks;
    },
    isolated: (task) => ({ task, run: (args, context) => run(task, args, context) }),
    start: async () => {
      const place = await begin();
      release(place);
    },
    stop: async () => {
      stopped = true;
      const all = [...places];
      for (const place of all) {
        if (idle.includes(place)) retire(place);
        else place.child.kill();
      }
      await Promise.all(all.map(({ child }) => child.ended));
    },
  };
}

function passOn(log: Log, line: string): void {
  const { level, time: _time, service: _service, msg, ...fields } = JSON.parse(line);
  log[level as 'info'](fields, msg);
}
