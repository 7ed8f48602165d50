import { LossyJson, readJson, storable, writeJson } from './json.ts';
import type { OutgoingMessage } from './message.ts';

/*
 * What Celery's rpc result backend sends to `reply_to`: `{task_id, status, result, traceback, children}`, the task's id also as
 * correlation id. In `FAILURE` and `REVOKED` the result is an exception.
 */

export type EndStatus = 'SUCCESS' | 'FAILURE' | 'REVOKED';

/** An exception as Celery writes it in JSON. */
export interface Exception {
  exc_type: string;
  /** Its arguments, or its text. */
  exc_message: unknown;
  exc_module: string | null;
}

export interface ResultMessage {
  taskId: string;
  /** `STARTED`, `RETRY` and a task's own states are no end. */
  status: string;
  result: unknown;
  traceback: string | null;
}

export const isEnd = (status: string): status is EndStatus =>
  status === 'SUCCESS' || status === 'FAILURE' || status === 'REVOKED';

/** Reads what a Celery worker answers; undefined where it is nothing of the kind. */
export function readResultMessage(message: {
  content: Buffer;
  properties: { correlationId?: unknown };
}): ResultMessage | undefined {
  const { correlationId } = message.properties;
  let body: unknown;
  try {
    body = readJson(message.content.toString('utf8'));
  } catch (error) {
    if (typeof correlationId !== 'string' || !storable(correlationId)) return undefined;
    const why = error instanceof LossyJson ? error.message : `it is no JSON that we can read (${error})`;
    return {
      taskId: correlationId,
      status: 'FAILURE',
      result: {
        exc_type: 'UnreadableResult',
        exc_message: `The task has ended, but its result cannot be taken: ${why}`,
        exc_module: null,
      } satisfies Exception,
      traceback: null,
    };
  }
  if (typeof body !== 'object' || body === null) return undefined;
  const { task_id, status, result, traceback } = body as Record<string, unknown>;
  const taskId = typeof task_id === 'string' ? task_id : correlationId;
  if (typeof taskId !== 'string' || !storable(taskId) || typeof status !== 'string') return undefined;
  return {
    taskId,
    status,
    result: result ?? null,
    traceback: typeof traceback === 'string' ? traceback : null,
  };
}

export function resultMessage(answer: {
  taskId: string;
  correlationId: string | null;
  status: EndStatus;
  result: unknown;
  traceback: string | null;
  /** The ids of the tasks that it called: links, and the next one of its chain. */
  children: readonly string[];
}): OutgoingMessage {
  const { taskId, correlationId, status, result, traceback } = answer;
  const children = answer.children.map((id) => [[id, null], null]);
  return {
    body: Buffer.from(
      JSON.stringify({ task_id: taskId, status, result: result ?? null, traceback, children }),
    ),
    options: {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      persistent: true,
      correlationId: correlationId ?? taskId,
    },
  };
}

/** Thrown for a task that failed in Python: its type as name, its traceback as stack. */
export class PythonError extends Error {
  override readonly name: string;
  /** Of the exception's class: `builtins` for ValueError. */
  readonly module: string | null;
  constructor(exception: Exception, traceback: string | null) {
    super(messageOf(exception));
    this.name = exception.exc_type;
    this.module = exception.exc_module;
    this.stack = traceback ?? `${exception.exc_type}: ${this.message}`;
  }
}

/** What a worker sent as the result of a failure, whatever it is. */
export function exceptionOf(result: unknown): Exception {
  if (typeof result === 'object' && result !== null && 'exc_type' in result) {
    const { exc_type, exc_message, exc_module } = result as Record<string, unknown>;
    return {
      exc_type: String(exc_type),
      exc_message,
      exc_module: typeof exc_module === 'string' ? exc_module : null,
    };
  }
  return { exc_type: 'Error', exc_message: result, exc_module: null };
}

function messageOf({ exc_type, exc_message }: Exception): string {
  const parts = Array.isArray(exc_message) ? exc_message : [exc_message];
  const texts = parts
    .filter((part) => part !== null && part !== undefined)
    .map((part) => (typeof part === 'string' ? part : writeJson(part)));
  return texts.join(', ') || exc_type;
}

/** Classes that Python has and other languages name alike; any other error becomes a class of its name on the client's side. */
const builtins = new Set(
  (
    'ArithmeticError AssertionError AttributeError BrokenPipeError ConnectionError EOFError FileNotFoundError ImportError IndexError ' +
    'InterruptedError KeyError LookupError MemoryError NameError NotImplementedError OSError OverflowError PermissionError ' +
    'RuntimeError StopIteration SyntaxError TimeoutError TypeError ValueError ZeroDivisionError'
  ).split(' '),
);

/** An error of one of our jobs, for a Python client to raise. */
export function toException(error: { name: string; message: string }): Exception {
  const { name, message } = error;
  if (name === 'JobTimeout')
    return { exc_type: 'TimeLimitExceeded', exc_message: [message], exc_module: 'celery.exceptions' };
  const type = /^[A-Za-z_]\w*$/.test(name) ? name : 'Error';
  return { exc_type: type, exc_message: [message], exc_module: builtins.has(type) ? 'builtins' : null };
}

export const revoked = (reason: string): Exception => ({
  exc_type: 'TaskRevokedError',
  exc_message: [reason],
  exc_module: 'celery.exceptions',
});
export const notRegistered = (task: string): Exception => ({
  exc_type: 'NotRegistered',
  exc_message: [task],
  exc_module: 'celery.exceptions',
});
