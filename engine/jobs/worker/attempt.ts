import type { Log } from '@labwright/kernel/log';
import type { ClaimedJob, JobError } from '../job.ts';
import { NoRetry, RetryAt, retryDelay } from '../task.ts';
import type { Handler, JobContext } from './handler.ts';

/** How one attempt at a job ended. `lost`: it is not this worker's any more, so nothing is recorded. */
export type Ending =
  | { kind: 'succeeded'; result: unknown }
  | {
      kind: 'failed';
      state: 'retrying' | 'failed' | 'dead' | 'cancelled';
      error: JobError;
      retryAt: Date | null;
    }
  | { kind: 'lost' };

export class JobCancelled extends Error {
  override readonly name = 'JobCancelled';
}
class JobTimeout extends Error {
  override readonly name = 'JobTimeout';
}
/** The reason of a job's signal where its worker was declared dead, or cannot be sure that it was not. */
export class WorkerFenced extends Error {
  override readonly name = 'WorkerFenced';
}

/** Runs the handler once, to its end. Resolves whatever the handler does; what it made counts, also where it came late. */
export async function attempt(
  job: ClaimedJob,
  handler: Handler | undefined,
  tools: { log: Log; controller: AbortController; tellProgress(fraction: number, text: string | null): void },
): Promise<Ending> {
  const { controller } = tools;
  const { signal } = controller;
  let timer: NodeJS.Timeout | undefined;
  if (job.timeout_ms !== null)
    timer = setTimeout(
      () => controller.abort(new JobTimeout(`it took longer than ${job.timeout_ms} ms`)),
      job.timeout_ms,
    );
  try {
    if (job.expired && job.attempts === 1) throw new JobCancelled('its time was over before it began');
    if (!handler) throw new NoRetry(`This worker has no handler for the task ${job.task}.`);
    const context: JobContext = {
      id: job.id,
      attempt: job.attempts,
      key: job.key,
      signal,
      log: tools.log,
      progress: (fraction, text) => tools.tellProgress(Math.min(1, Math.max(0, fraction)), text ?? null),
    };
    // A handler that does not heed its signal is waited for: started again beside itself, it would do its work twice at once.
    const result = await handler.run(job.args, context);
    return signal.reason instanceof WorkerFenced ? { kind: 'lost' } : { kind: 'succeeded', result };
  } catch (error) {
    return failure(job, handler, signal.aborted ? signal.reason : error);
  } finally {
    clearTimeout(timer);
  }
}

function failure(job: ClaimedJob, handler: Handler | undefined, error: unknown): Ending {
  if (error instanceof WorkerFenced) return { kind: 'lost' };
  const ended = (state: 'failed' | 'dead' | 'cancelled'): Ending => ({
    kind: 'failed',
    state,
    error: toJobError(error),
    retryAt: null,
  });
  if (error instanceof JobCancelled) return ended('cancelled');
  if (error instanceof NoRetry || !handler) return ended('failed');
  if (job.attempts >= job.max_attempts) return ended('dead');
  const at =
    error instanceof RetryAt
      ? error.at
      : new Date(Date.now() + retryDelay(handler.task.settings, job.attempts));
  return { kind: 'failed', state: 'retrying', error: toJobError(error), retryAt: at };
}

const longestStack = 4_000;

function toJobError(error: unknown): JobError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack } = error;
  return { name, message, ...(stack ? { stack: stack.slice(0, longestStack) } : {}) };
}
