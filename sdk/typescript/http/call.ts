import { bodyOf } from './answer.ts';
import type { Answer, InputArgument, Method, Operation, PathWith, ServiceName } from './routes.ts';
import { type Content, type Line, type Patience, send, type Wire } from './send.ts';

/** What every call may be given beside what the route takes. */
export interface CallOptions {
  /** Ends the call; it then throws the reason of the signal. */
  signal?: AbortSignal | undefined;
  /** Milliseconds for all tries together; 120,000. */
  timeoutMs?: number | undefined;
  /** Of a POST. Without one each call has a new one. Give your own where a program that was started again shall not do a thing twice. */
  idempotencyKey?: string | undefined;
}

/**
 * POSTs whose answer is a secret: the service keeps no answer of them, so a key does not make a repeat harmless.
 * The types say which they are (no `Idempotency-Key`); one more or less does not compile.
 */
type Once = {
  [P in PathWith<'hub-service', 'POST'>]: Operation<'hub-service', 'POST', P> extends {
    parameters: { header?: infer H };
  }
    ? [Exclude<H, undefined>] extends [never]
      ? P
      : never
    : P;
}[PathWith<'hub-service', 'POST'>];
const answeredOnce: Record<Once, true> = {
  '/session': true,
  '/session/second-factor': true,
  '/session/refresh': true,
  '/invitations/accept': true,
  '/me/password': true,
  '/me/second-factor': true,
  '/me/second-factor/confirm': true,
  '/me/second-factor/recovery-codes': true,
  '/me/second-factor/remove': true,
  '/users': true,
  '/users/{id}/invitation': true,
  '/api-tokens': true,
  '/signatures': true,
  '/tokens/introspect': true,
  '/setup': true,
};

export interface CallSettings {
  /** Where each service answers, without a slash at the end. */
  readonly urls: Readonly<Record<ServiceName, string>>;
  readonly line: Line;
  readonly headers: Readonly<Record<string, string>>;
  readonly patience: Omit<Patience, 'signal'>;
}

/** Calls any route of a service, typed by its reference, and answers what it answers. */
export type Call = <S extends ServiceName, M extends Method, P extends PathWith<S, M>>(
  service: S,
  method: M,
  path: P,
  ...input: InputArgument<Operation<S, M, P>, CallOptions>
) => Promise<Answer<Operation<S, M, P>>>;

/** As a route takes it, with the types forgotten. */
export interface PlainInput extends CallOptions {
  path?: Record<string, string | number> | undefined;
  query?: Record<string, unknown> | undefined;
  body?: unknown;
  /** Instead of `body`: as it is, of this type. */
  content?: { type: string; data: Content; repeatable: boolean };
  accept?: string;
  stream?: boolean;
}

export interface Caller {
  readonly call: Call;
  /** The answer itself, for what is no JSON. */
  respond(service: ServiceName, method: Method, path: string, input?: PlainInput): Promise<Response>;
  readonly urls: Readonly<Record<ServiceName, string>>;
  readonly line: Line;
}

export function createCaller(settings: CallSettings): Caller {
  const { urls, line } = settings;
  const respond = (service: ServiceName, method: Method, path: string, input: PlainInput = {}) => {
    const { query = {}, body, content, idempotencyKey, timeoutMs = settings.patience.timeoutMs } = input;
    const data = content?.data ?? (body === undefined ? undefined : JSON.stringify(body));
    const type = content?.type ?? (body === undefined ? undefined : 'application/json');
    const keyed = method === 'POST' && !(path in answeredOnce);
    const wire: Wire = {
      method,
      url: urls[service] + fill(path, input.path ?? {}) + searchOf(query),
      headers: {
        ...settings.headers,
        ...(type === undefined ? {} : { 'content-type': type }),
        ...(input.accept === undefined ? {} : { accept: input.accept }),
        ...(keyed ? { 'idempotency-key': idempotencyKey ?? newKey() } : {}),
      },
      ...(data === undefined ? {} : { body: data }),
      repeatable:
        (keyed || method === 'GET' || method === 'HEAD' || method === 'PUT') && (content?.repeatable ?? true),
      ...(input.stream ? { stream: true } : {}),
    };
    // Some answers wait for what they are asked to: that is no silence.
    const waitMs = Math.max(waitSecondsIn(query), waitSecondsIn(body)) * 1_000;
    return send(line, wire, {
      ...settings.patience,
      timeoutMs: timeoutMs + waitMs,
      tryTimeoutMs: settings.patience.tryTimeoutMs + waitMs,
      signal: input.signal,
    });
  };
  const call = async (service: ServiceName, method: Method, path: string, input?: PlainInput) => {
    const response = await respond(service, method, path, input);
    return bodyOf(response, await response.text(), urls[service] + path);
  };
  return { call: call as Call, respond, urls, line };
}

function waitSecondsIn(given: unknown): number {
  const { wait_seconds: seconds = 0 } = (given ?? {}) as { wait_seconds?: unknown };
  return typeof seconds === 'number' && seconds > 0 ? seconds : 0;
}

const fill = (path: string, values: Readonly<Record<string, string | number>>) =>
  path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => {
    const value = values[name];
    if (value === undefined || value === '') throw new TypeError(`${path} needs a value for ${name}`);
    return encodeURIComponent(value);
  });

function searchOf(query: Readonly<Record<string, unknown>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null) search.set(name, String(value));
  return search.size === 0 ? '' : `?${search}`;
}

/** A random UUID, also on pages without TLS, where browsers have no `crypto.randomUUID`. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte, index) => {
    const value = index === 6 ? (byte & 15) | 64 : index === 8 ? (byte & 63) | 128 : byte;
    return value.toString(16).padStart(2, '0');
  }).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
