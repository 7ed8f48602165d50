import { randomUUID } from 'node:crypto';
import { contextHeaders } from '@labwright/kernel/context';
import { NoRetry, type Task } from '../../task.ts';
import { WorkerFenced } from '../../worker/attempt.ts';
import { type Handler, handle, type JobContext } from '../../worker/handler.ts';
import { NotConfirmed } from '../rabbitmq/publisher.ts';
import type { CeleryBridge } from './bridge.ts';
import { type Call, closeCall, findOpenCall, makeCall, noteSent, withdrawCall } from './calls.ts';
import { type Signature, taskMessage } from './message.ts';
import { exceptionOf, PythonError } from './result.ts';
import { revokeTasks } from './topology.ts';

/** A further link of a chain: it is called with the result of the one before, put before its arguments. */
export interface CeleryLink {
  celeryTask: string;
  queue: string;
  args?: readonly unknown[];
  kwargs?: Readonly<Record<string, unknown>>;
  /** Takes its own arguments alone. */
  immutable?: boolean;
}

export interface CeleryHandlerOptions {
  bridge: CeleryBridge;
  /** Its name in Python; that of the task where none is given. */
  celeryTask?: string;
  /** Of the Celery workers; made where it is missing. */
  queue: string;
  /** Milliseconds until it is given up, where the job says nothing else; the task's own where none is given. */
  timeoutMs?: number;
  /** Milliseconds that a call is still waited for after it was revoked; default 5,000. */
  graceMs?: number;
  /** Exceptions (`ValueError`) after which trying again would not help. */
  permanent?: readonly string[];
  /** Called one after the other by the Celery workers themselves; the job's result is that of the last one. */
  followedBy?: readonly CeleryLink[];
}

/** No answer came in time: nobody knows what became of the task. */
export class CeleryTimeout extends Error {
  override readonly name = 'CeleryTimeout';
}

const longestTimer = 2 ** 31 - 1;

/**
 * Has a task carried out by Celery workers. The job runs, and holds its key, until the answer is there or its time is over.
 * A call is sent once: after a crash the next attempt waits for its answer, and does not send it again. Arguments go to
 * Python as keywords where they are an object, else by position.
 */
export function celeryHandler<A, R>(task: Task<A, R>, options: CeleryHandlerOptions): Handler {
  const { bridge, graceMs = 5_000, timeoutMs = task.settings.timeoutMs } = options;
  if (!(timeoutMs > 0))
    throw new Error(`${task.name} needs a timeoutMs: a Celery worker that dies never answers.`);
  const { db } = bridge;

  return handle(task, async (args, context): Promise<R> => {
    const { signal, attempt } = context;
    for (;;) {
      const call =
        (await findOpenCall(db, context.id)) ?? (await ask(task, { ...options, timeoutMs }, args, context));
      if (!call) continue;
      const answered = await settle(bridge, call, signal, {
        graceMs,
        links: options.followedBy?.length ?? 0,
      });
      // Withdrawn by the attempt that made it, which never sent it.
      if (answered === 'gone') continue;
      if (answered === 'silent') {
        await closeCall(db, call.task_id, attempt);
        throw new CeleryTimeout(
          `No answer came from Celery in time (call ${call.task_id}): it is not known whether the task was carried out.`,
          signal.aborted ? { cause: signal.reason } : {},
        );
      }
      // The call stays open: should its success not get on record, the next attempt finds it here.
      if (answered.status === 'SUCCESS') return answered.result as R;
      await closeCall(db, call.task_id, attempt);
      throw errorOf(answered, options.permanent ?? []);
    }
  });
}

/** Makes a call and sends it, when there is a broker. Undefined where another look is needed. */
async function ask<A>(
  task: Task<A>,
  options: CeleryHandlerOptions & { timeoutMs: number },
  args: A,
  { id: job, attempt, signal }: JobContext,
): Promise<Call | undefined> {
  const { bridge, celeryTask = task.name, queue, timeoutMs, followedBy = [] } = options;
  const { db, broker } = bridge;
  // Written down only where it can be sent at once: what is written down and unsent after a crash is waited for in vain.
  await bridge.queues.ready(queue, signal);
  const taskId = randomUUID();
  const ids = idsOf(taskId, followedBy.length);
  const [first = taskId] = ids;
  const call = await makeCall(db, { taskId, job, attempt, task: celeryTask, queue, timeoutMs });
  if (!call) {
    if (await findOpenCall(db, job)) return undefined;
    throw new WorkerFenced('the job is in other hands');
  }
  const seconds = Math.ceil(call.left_ms / 1_000);
  // The broker drops what is not begun in time. The `expires` of Celery's headers would break `self.retry()` in Celery 5.2.
  const expiration = Math.max(1, Math.floor(call.left_ms));
  const toSignature = (link: CeleryLink, index: number): Signature => ({
    task: link.celeryTask,
    args: [...(link.args ?? [])],
    kwargs: { ...link.kwargs },
    options: {
      task_id: ids[index + 1] ?? taskId,
      queue: link.queue,
      root_id: first,
      time_limit: seconds,
      ...(index === followedBy.length - 1 ? { reply_to: bridge.replyQueue } : {}),
    },
    subtask_type: null,
    immutable: link.immutable ?? false,
  });
  const { body, options: properties } = taskMessage({
    taskId: first,
    task: celeryTask,
    args: Array.isArray(args) ? args : isObject(args) || args === null || args === undefined ? [] : [args],
    kwargs: isObject(args) ? args : {},
    // Of a chain only the last one answers; failures of the others are told in its name.
    replyTo: followedBy.length > 0 ? null : bridge.replyQueue,
    rootId: first,
    retries: attempt - 1,
    timeLimit: [seconds, null],
    priority: Math.max(0, Math.min(255, -call.job_priority)),
    embed: { chain: followedBy.length > 0 ? followedBy.map(toSignature).reverse() : null },
  });
  const { traceparent } = contextHeaders();
  if (traceparent && properties.headers) properties.headers.traceparent = traceparent;
  try {
    signal.throwIfAborted();
    await broker.publish({ routingKey: queue, content: body, properties: { ...properties, expiration } });
  } catch (error) {
    const unsent = !(error instanceof NotConfirmed) || error.arrived === 'no';
    if (!unsent) {
      bridge.log.warn(
        { err: error, job, task_id: taskId },
        'nobody knows whether Celery has a call: it is waited for',
      );
      return call;
    }
    await withdrawCall(db, taskId);
    bridge.queues.forget(queue);
    if (error instanceof NotConfirmed && !signal.aborted) return undefined;
    throw error;
  }
  await noteSent(db, taskId);
  return call;
}

/** Of a chain with so many further links: the call is named after the last one, whose answer is waited for. */
const idsOf = (taskId: string, further: number): string[] =>
  Array.from({ length: further + 1 }, (_, index) => (index === further ? taskId : `${taskId}.${index}`));

/** The answer; or `silent`: none came, although it was revoked and waited for; or `gone`: it was never sent. */
async function settle(
  bridge: CeleryBridge,
  call: Call,
  signal: AbortSignal,
  { graceMs, links }: { graceMs: number; links: number },
): Promise<Call | 'silent' | 'gone'> {
  const overdue = new AbortController();
  const timer = setTimeout(() => overdue.abort(), Math.min(longestTimer, Math.max(0, call.left_ms)));
  try {
    return (await bridge.answerOf(call.task_id, AbortSignal.any([signal, overdue.signal]))) ?? 'gone';
  } catch (error) {
    // Fenced off: the call is its successor's now.
    if (signal.reason instanceof WorkerFenced) throw signal.reason;
    if (!signal.aborted && !overdue.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  await revokeTasks(bridge.broker, idsOf(call.task_id, links)).catch((error) =>
    bridge.log.warn({ err: error, task_id: call.task_id }, 'a call could not be revoked'),
  );
  try {
    return (await bridge.answerOf(call.task_id, AbortSignal.timeout(graceMs))) ?? 'gone';
  } catch (error) {
    if (signal.reason instanceof WorkerFenced) throw signal.reason;
    if (error instanceof DOMException && error.name === 'TimeoutError') return 'silent';
    throw error;
  }
}

/** Celery failed to send how the task had ended: its result was not JSON, or its broker was away. */
const resultWasLost = ({ traceback }: Call, module: string | null): boolean =>
  traceback === null
    ? // Told by the parent of the process that failed: an error of a task has a traceback.
      /^(kombu|amqp)\b/.test(module ?? '')
    : /\bin (mark_as_done|mark_as_failure)\b/.test(traceback);

function errorOf(call: Call, permanent: readonly string[]): Error {
  const error = new PythonError(exceptionOf(call.result), call.traceback);
  if (resultWasLost(call, error.module))
    return final(
      'CeleryResultLost',
      `The task was carried out, and Celery could not send its result: ${error.name}: ${error.message}`,
      error,
    );
  // Revoked by a person, who does not want it to be sent again. A message that expired was not begun in time.
  const byPerson = call.status === 'REVOKED' && error.message !== 'expired';
  return byPerson || permanent.includes(error.name) ? final(error.name, error.message, error) : error;
}

/** It is not tried again, and keeps its name. */
function final(name: string, message: string, cause: Error): NoRetry {
  const error = new NoRetry(message, { cause });
  Object.defineProperty(error, 'name', { value: name });
  error.stack = cause.stack ?? '';
  return error;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
