import type { Log } from '@labwright/kernel/log';
import { checkArgs } from '../enqueue.ts';
import type { ClaimedJob, JobError } from '../job.ts';
import { NotStorable, storableJson, storableText } from '../json.ts';
import { NoRetry, RetryAt, retryDelay } from '../task.ts';
import type { Handler } from './handler.ts';
import type { Observer } from './observer.ts';
import type { Run } from './run.ts';

/**
 * How one attempt at a job ended. `lost`: it is not this worker's any more, so nothing is recorded. `recorded`: its handler did
 * that itself.
 */
export type Ending =
  | { kind: 'succeeded'; result: string | null }
  | { kind: 'recorded' }
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

/** Who carries jobs out. */
export interface Desk {
  readonly log: Log;
  readonly observer: Observer | undefined;
  /** Puts on record how it ended; a promise where that is to be waited for. */
  record(run: Run, ending: Ending): Promise<void> | undefined;
}

/**
 * One attempt, from the start of its handler until its end is handed over. Never throws, and never rejects; a promise where there is something to
 * wait for. No step waits by itself: what each job allocates here is most of what the collector has to do.
 */
export function carryOut(run: Run, handler: Handler | undefined, desk: Desk): Promise<void> | undefined {
  let work: Promise<unknown>;
  try {
    desk.observer?.started(run.queue, run.task);
    run.startedAt = performance.now();
    work = begun(run, handler);
  } catch (error) {
    return conclude(run, thrown(run, handler, error), desk);
  }
  // A handler that does not heed its signal is waited for: started again beside itself, it would do its work twice at once.
  return Promise.resolve(work).then(
    (result) => conclude(run, made(run, handler, result), desk),
    (error) => conclude(run, thrown(run, handler, error), desk),
  );
}

function conclude(run: Run, ending: Ending, { log, observer, record }: Desk): Promise<void> | undefined {
  const failed = (error: unknown) => log.error({ err: error, job: run.id }, 'a job failed on our side');
  try {
    run.release();
    const outcome =
      ending.kind === 'failed' ? ending.state : ending.kind === 'recorded' ? 'succeeded' : ending.kind;
    observer?.ended(run, outcome, (performance.now() - run.startedAt) / 1_000);
    return record(run, ending)?.catch(failed);
  } catch (error) {
    failed(error);
    return undefined;
  }
}

/** May throw, as what it answers may reject. */
function begun(run: Run, handler: Handler | undefined): Promise<unknown> {
  const { job } = run;
  if (job.expired && job.attempts === 1) throw new JobCancelled('its time was over before it began');
  if (!handler) throw new NoRetry(`This worker has no handler for the task ${job.task}.`);
  if (job.flow !== null) checkPassedOn(job, handler);
  if (job.timeout_ms !== null)
    run.stopAfter(job.timeout_ms, () => new JobTimeout(`it took longer than ${job.timeout_ms} ms`));
  return handler.run(job.args, run);
}

/** The handler has ended, with this result; what it made counts, also where it came late. Never throws: a result that cannot be stored fails the job. */
function made(run: Run, handler: Handler | undefined, result: unknown): Ending {
  if (run.recorded) return { kind: 'recorded' };
  if (run.stopped instanceof WorkerFenced) return { kind: 'lost' };
  try {
    return { kind: 'succeeded', result: storableJson(result, 'What its handler made') };
  } catch (error) {
    return thrown(run, handler, error);
  }
}

/** What becomes of it after this error. Never throws. */
function thrown({ job, stopped }: Run, handler: Handler | undefined, error: unknown): Ending {
  try {
    if (!stopped) return failure(job, handler, error, error);
    // Where the handler says what became of it by that reason, it says more than the reason.
    return failure(
      job,
      handler,
      stopped,
      error instanceof Error && error.cause === stopped ? error : stopped,
    );
  } catch {
    // Anything can be thrown, also what has no text or throws when it is looked at.
    const said = stopped ?? new Error('What its handler threw cannot be read.');
    return failure(job, handler, said, said);
  }
}

/** A result of one task has become an argument of another: neither of them saw both. */
function checkPassedOn(job: ClaimedJob, { task }: Handler): void {
  try {
    checkArgs(task, job.args);
  } catch (error) {
    throw new NoRetry(
      `What was passed on in flow ${job.flow} does not fit: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** What follows from `error`; `says` is what is kept of it for people. */
function failure(job: ClaimedJob, handler: Handler | undefined, error: unknown, says: unknown): Ending {
  if (error instanceof WorkerFenced) return { kind: 'lost' };
  const ended = (state: 'failed' | 'dead' | 'cancelled'): Ending => ({
    kind: 'failed',
    state,
    error: toJobError(says),
    retryAt: null,
  });
  if (error instanceof JobCancelled) return ended('cancelled');
  if (error instanceof NoRetry || error instanceof NotStorable || !handler) return ended('failed');
  if (job.attempts >= job.max_attempts) return ended('dead');
  const at =
    error instanceof RetryAt && !Number.isNaN(error.at.getTime())
      ? new Date(Math.min(Math.max(error.at.getTime(), Date.now()), farAway))
      : new Date(Date.now() + retryDelay(handler.task.settings, job.attempts));
  return { kind: 'failed', state: 'retrying', error: toJobError(says), retryAt: at };
}

/** A date that PostgreSQL can keep, and nobody will see. */
const farAway = Date.UTC(9999, 0);
const longestMessage = 10_000;
const longestStack = 4_000;

function toJobError(error: unknown): JobError {
  if (!(error instanceof Error)) return { name: 'Error', message: storableText(String(error)) };
  const { name, message, stack } = error;
  return {
    name: storableText(String(name)),
    message: storableText(String(message)).slice(0, longestMessage),
    ...(stack ? { stack: storableText(String(stack)).slice(0, longestStack) } : {}),
  };
}
