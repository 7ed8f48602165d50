import { availableParallelism } from 'node:os';
import { commonErrors } from '@labwright/kernel/errors';
import type { Metrics } from '@labwright/kernel/telemetry';
import { type HashingProcess, startHashing } from './hashing-process.ts';
import type { Work } from './work.ts';

/** Hashes passwords in other processes, so many at once and so many in line; beyond that `overloaded` (503). */
export interface Hasher {
  hash(password: string): Promise<string>;
  verify(password: string, known: string): Promise<boolean>;
  /** Whatever waits is refused. */
  stop(): Promise<void>;
}

const longestLine = 64;
const idleMs = 60_000;
/** A process that dies is not the fault of the password that it had in hand, unless the next one dies of it too. */
const mostTries = 2;

interface Task {
  work: Work;
  tries: number;
  settle: { resolve(answer: string | boolean): void; reject(error: unknown): void };
}

interface Desk {
  process: HashingProcess;
  task: Task | undefined;
  idle: NodeJS.Timeout | undefined;
}

/**
 * Processes and not threads: a hash takes and gives back 19 MiB, and what the system does for that holds up all threads of a process, the
 * event loop too. They begin with the first password and end when none came for a minute.
 */
export function createHasher(
  metrics: Metrics,
  { processes = Math.max(1, availableParallelism() - 1), line = longestLine, start = startHashing } = {},
): Hasher {
  const waiting: Task[] = [];
  const desks = new Set<Desk>();
  let stopped = false;
  metrics.gauge('accounts_passwords_waiting', 'Passwords that wait for a process', () => waiting.length);

  const open = (): Desk => {
    const desk: Desk = {
      process: start({
        answered: (answer) => finish(desk, ({ resolve }) => resolve(answer)),
        failed: (error) => finish(desk, ({ reject }) => reject(error)),
        ended: () => {
          desks.delete(desk);
          const { task } = desk;
          if (task && !stopped && task.tries < mostTries) waiting.unshift(task);
          else
            task?.settle.reject(
              stopped ? stopping() : overloaded('No process that hashes passwords stays alive'),
            );
          assign();
        },
      }),
      task: undefined,
      idle: undefined,
    };
    desks.add(desk);
    return desk;
  };
  const finish = (desk: Desk, settle: (task: Task['settle']) => void) => {
    if (desk.task) settle(desk.task.settle);
    desk.task = undefined;
    desk.idle = setTimeout(() => desk.process.end(), idleMs).unref();
    assign();
  };
  const assign = () => {
    while (waiting.length > 0) {
      const free = [...desks].find(({ task, process }) => !task && process.alive);
      const desk = free ?? (desks.size < processes ? open() : undefined);
      const task = desk && waiting.shift();
      if (!task) return;
      clearTimeout(desk.idle);
      desk.task = task;
      task.tries += 1;
      desk.process.send(task.work);
    }
  };
  const run = (work: Work) =>
    new Promise<string | boolean>((resolve, reject) => {
      if (stopped) return reject(stopping());
      if (waiting.length >= line) return reject(overloaded('Too many people sign in at this moment'));
      waiting.push({ work, tries: 0, settle: { resolve, reject } });
      assign();
    });
  return {
    hash: async (password) => String(await run({ do: 'hash', password })),
    verify: async (password, known) => (await run({ do: 'verify', password, known })) === true,
    stop: async () => {
      stopped = true;
      for (const { settle } of waiting.splice(0)) settle.reject(stopping());
      await Promise.all(
        [...desks].map(({ process, idle }) => {
          clearTimeout(idle);
          return process.end();
        }),
      );
    },
  };
}

const stopping = () =>
  commonErrors.problem('overloaded', 'The service stops; nothing was done. Try again.', { retryAfter: 2 });
const overloaded = (why: string) =>
  commonErrors.problem('overloaded', `${why}; nothing was done. Try again.`, { retryAfter: 2 });
