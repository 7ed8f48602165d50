import { hostname } from 'node:os';
import { readJson, storable } from './json.ts';

/*
 * Celery's task message, version 2: https://docs.celeryq.dev/en/stable/internals/protocol.html. The headers say what is to be done,
 * the body is `[args, kwargs, embed]` in JSON.
 */

/** A task that is still to be called, as `embed` carries it. */
export interface Signature {
  task: string;
  args?: unknown[] | null;
  kwargs?: Record<string, unknown> | null;
  options?: SignatureOptions | null;
  subtask_type?: string | null;
  /** Takes its own arguments alone: no result is put before them. */
  immutable?: boolean;
}

export interface SignatureOptions {
  task_id?: string;
  queue?: string | null;
  routing_key?: string | null;
  reply_to?: string | null;
  root_id?: string | null;
  parent_id?: string | null;
  group_id?: string | null;
  eta?: string | null;
  countdown?: number | null;
  expires?: string | number | null;
  priority?: number | null;
  time_limit?: number | null;
  soft_time_limit?: number | null;
  link?: Signature | Signature[] | null;
  link_error?: Signature | Signature[] | null;
}

/** What is to be done with the result; of a chain the last link comes first. */
export interface Embed {
  callbacks: Signature[] | null;
  errbacks: Signature[] | null;
  chain: Signature[] | null;
  chord: Signature | null;
}

/** A task to be sent. Times are in ISO 8601, limits in seconds. */
export interface Call {
  taskId: string;
  task: string;
  args: readonly unknown[];
  kwargs: Readonly<Record<string, unknown>>;
  embed?: Partial<Embed>;
  replyTo?: string | null;
  rootId?: string | null;
  parentId?: string | null;
  groupId?: string | null;
  retries?: number;
  eta?: string | null;
  expires?: string | null;
  /** Hard and soft. */
  timeLimit?: readonly [number | null, number | null];
  /** Higher goes first, 0 to 255. */
  priority?: number;
  ignoreResult?: boolean;
}

export interface OutgoingMessage {
  body: Buffer;
  options: {
    persistent: boolean;
    contentType: string;
    contentEncoding: string;
    correlationId: string;
    replyTo?: string;
    priority?: number;
    headers?: Record<string, unknown>;
  };
}

const json = { contentType: 'application/json', contentEncoding: 'utf-8', persistent: true };
const origin = `gen${process.pid}@${hostname()}`;

export function taskMessage(call: Call): OutgoingMessage {
  const { taskId, args, kwargs, embed = {} } = call;
  return {
    body: Buffer.from(
      JSON.stringify([args, kwargs, { callbacks: null, errbacks: null, chain: null, chord: null, ...embed }]),
    ),
    options: {
      ...json,
      correlationId: taskId,
      replyTo: call.replyTo ?? '',
      priority: call.priority ?? 0,
      headers: {
        // Whoever understands the body by its content type needs no more of it.
        lang: 'py',
        task: call.task,
        id: taskId,
        root_id: call.rootId ?? taskId,
        parent_id: call.parentId ?? null,
        group: call.groupId ?? null,
        group_index: null,
        shadow: null,
        eta: call.eta ?? null,
        expires: call.expires ?? null,
        retries: call.retries ?? 0,
        timelimit: [...(call.timeLimit ?? [null, null])],
        argsrepr: shown(args),
        kwargsrepr: shown(kwargs),
        origin,
        ignore_result: call.ignoreResult ?? false,
      },
    },
  };
}

const longestShown = 1_024;
const shown = (value: unknown) => {
  const text = JSON.stringify(value);
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
};

/** A message that is no task that we understand: why, in one sentence. */
export class BadMessage extends Error {
  override readonly name = 'BadMessage';
}

/** A task that a client asks for. */
export interface Incoming {
  taskId: string;
  task: string;
  args: unknown[];
  kwargs: Record<string, unknown>;
  embed: Embed;
  replyTo: string | null;
  correlationId: string;
  rootId: string;
  retries: number;
  eta: Date | null;
  expires: Date | null;
  /** The shorter one of its limits, in milliseconds. */
  timeoutMs: number | null;
  priority: number;
}

interface RawMessage {
  content: Buffer;
  properties: {
    headers?: Record<string, unknown> | undefined;
    contentType?: unknown;
    contentEncoding?: unknown;
    correlationId?: unknown;
    replyTo?: unknown;
    priority?: unknown;
  };
}

const longestId = 200;

/** Whom to answer, of a message of which nothing else may be understood. */
export function senderOf({ properties }: RawMessage): {
  taskId: string | null;
  task: string;
  replyTo: string | null;
  correlationId: string | null;
} {
  const { headers = {} } = properties;
  const id = text(headers.id);
  const taskId = id !== null && id.length <= longestId ? id : null;
  return {
    taskId,
    task: text(headers.task) ?? '',
    replyTo: text(properties.replyTo),
    correlationId: text(properties.correlationId) ?? taskId,
  };
}

/** Reads a task message. Throws `BadMessage`. */
export function readTaskMessage(message: RawMessage): Incoming {
  const { headers = {}, contentType, contentEncoding, priority } = message.properties;
  const { taskId, task, replyTo, correlationId } = senderOf(message);
  if (!taskId || !task)
    throw new BadMessage(
      `it has no task and id (up to ${longestId} characters) in its headers: Celery protocol 2 is understood, no other one`,
    );
  if (contentType !== 'application/json')
    throw new BadMessage(`its content is ${contentType}: set task_serializer = 'json'`);
  if (contentEncoding && !/^utf-?8$/i.test(String(contentEncoding)))
    throw new BadMessage(`its content is in ${contentEncoding}, not in utf-8`);
  if (headers.compression) throw new BadMessage('it is compressed: unset task_compression');
  const [args, kwargs, embed] = bodyOf(message.content);
  const limits = Array.isArray(headers.timelimit) ? headers.timelimit.filter(isPositive) : [];
  return {
    taskId,
    task,
    args,
    kwargs,
    embed,
    replyTo,
    correlationId: correlationId ?? taskId,
    rootId: text(headers.root_id) ?? taskId,
    retries: Number.isInteger(headers.retries) ? Number(headers.retries) : 0,
    eta: timeOf(headers.eta, 'eta'),
    expires: timeOf(headers.expires, 'expires'),
    timeoutMs: limits.length > 0 ? Math.ceil(Math.min(...limits) * 1_000) : null,
    priority: Number.isInteger(priority) ? Number(priority) : 0,
  };
}

function bodyOf(content: Buffer): [unknown[], Record<string, unknown>, Embed] {
  let body: unknown;
  try {
    body = readJson(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch (error) {
    throw new BadMessage(`its body cannot be taken: ${error instanceof Error ? error.message : error}`);
  }
  if (!Array.isArray(body) || !Array.isArray(body[0]) || !isObject(body[1]))
    throw new BadMessage('its body is not [args, kwargs, embed]');
  const embed = isObject(body[2]) ? body[2] : {};
  const chord = isObject(embed.chord) ? (embed.chord as unknown as Signature) : null;
  const list = (name: string) => {
    const value = embed[name];
    if (value === null || value === undefined) return null;
    if (!Array.isArray(value) || !value.every((one) => isObject(one) && typeof one.task === 'string'))
      throw new BadMessage(`${name} in its embed is not a list of signatures`);
    return value.length > 0 ? (value as Signature[]) : null;
  };
  return [
    body[0],
    body[1],
    { callbacks: list('callbacks'), errbacks: list('errbacks'), chain: list('chain'), chord },
  ];
}

/** Without a zone it is UTC, as in Celery. */
function timeOf(value: unknown, name: string): Date | null {
  if (value === null || value === undefined) return null;
  const zoned = /(Z|[+-]\d\d:?\d\d)$/i.test(String(value)) ? String(value) : `${value}Z`;
  const time = new Date(zoned);
  if (Number.isNaN(time.getTime())) throw new BadMessage(`${name} is no time: ${value}`);
  return time;
}

const text = (value: unknown) =>
  typeof value === 'string' && value !== '' && storable(value) ? value : null;
const isPositive = (value: unknown): value is number => typeof value === 'number' && value > 0;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
