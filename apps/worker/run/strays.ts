import { AsyncLocalStorage } from 'node:async_hooks';
import type { Handler } from '@labwright/jobs';
import type { Log } from '@labwright/kernel/log';

/** Milliseconds that a handler has to end when something of it has failed beside it: by then it waits for what will never come. */
const endsWithinMs = 30_000;

interface Attempt {
  readonly job: string;
  readonly task: string;
  readonly stop: AbortController;
  fault: unknown;
  failed: boolean;
  over: boolean;
}

export interface Strays {
  /** The same handlers; what fails beside them fails their attempts. */
  readonly handlers: Handler[];
  /** From here on as usual: what nobody catches ends the process. */
  stop(): void;
}

/**
 * What a handler starts and does not wait for may fail: a promise that nobody looks at, a timer that throws, the error of a socket that nobody listens
 * to. Node ends a process for it, and each job in hand would have cost an attempt. Here it fails the attempt that it came from, and that one alone:
 *
 *     running ──something of it fails──► its signal fires ──its handler ends, however──► the attempt failed with that fault
 *                                              └──not within 30 s──► the process ends (1), as it does for what comes from no attempt
 *
 * What fails when its attempt is over is logged; what was recorded by then stays.
 */
export function watchStrays(handlers: readonly Handler[], log: Log): Strays {
  const attempts = new AsyncLocalStorage<Attempt>();

  const end = (error: unknown, why: string) => {
    log.fatal({ err: error }, why);
    process.exit(1);
  };
  const take = (error: unknown) => {
    const attempt = attempts.getStore();
    if (!attempt) return end(error, 'something failed that nobody waits for; the process ends');
    const { job, task } = attempt;
    if (attempt.over) {
      log.error({ err: error, job, task }, 'something that the job left behind failed when it was over');
      return;
    }
    if (attempt.failed) return;
    attempt.failed = true;
    attempt.fault = error;
    log.error({ err: error, job, task }, 'something failed beside the handler, which fails with it');
    attempt.stop.abort(error);
    attempts.exit(() =>
      setTimeout(() => {
        if (!attempt.over) end(error, 'a handler does not end after what failed beside it; the process ends');
      }, endsWithinMs).unref(),
    );
  };

  const watched = ({ task, run }: Handler): Handler => ({
    task,
    run: async (args, context) => {
      const attempt: Attempt = {
        job: context.id,
        task: task.name,
        stop: new AbortController(),
        fault: undefined,
        failed: false,
        over: false,
      };
      let recorded = false;
      const own = {
        id: context.id,
        attempt: context.attempt,
        key: context.key,
        log: context.log,
        signal: AbortSignal.any([context.signal, attempt.stop.signal]),
        progress: context.progress,
        complete: async (...given: Parameters<typeof context.complete>) => {
          recorded = await context.complete(...given);
          return recorded;
        },
      };
      try {
        const result = await attempts.run(attempt, () => run(args, own));
        if (attempt.failed && !recorded) throw attempt.fault;
        return result;
      } catch (error) {
        throw attempt.failed ? attempt.fault : error;
      } finally {
        attempt.over = true;
      }
    },
  });

  process.on('unhandledRejection', take);
  process.on('uncaughtException', take);
  return {
    handlers: handlers.map(watched),
    stop: () => {
      process.off('unhandledRejection', take);
      process.off('uncaughtException', take);
    },
  };
}
