import { randomUUID } from 'node:crypto';
import type { TokenSource } from '@labwright/client';
import { Problem, type ProblemBody } from '@labwright/kernel/errors';

/** A service cannot be reached, or what answers is none of ours. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

export interface ServiceOptions {
  /** As people know it: `device-service`. */
  name: string;
  /** `http://host:port`, perhaps with a path. */
  url: string;
  /** What names its place: `--device-url or LABWRIGHT_DEVICE_URL`. */
  settings: string;
  /** Who asks; undefined: nobody in particular. */
  token?: TokenSource | undefined;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface AskOptions {
  query?: Query;
  body?: unknown;
  /** What the service may take beside the usual time. */
  waitSeconds?: number;
  signal?: AbortSignal | undefined;
}

export interface StreamOptions extends Omit<RequestInit, 'headers' | 'signal'> {
  query?: Query;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

export interface Service {
  readonly name: string;
  readonly url: string;
  /** Who asks. */
  readonly token: TokenSource;
  /** Throws the `Problem` that the service answers, or `Unreachable`. */
  get<T>(path: string, options?: AskOptions): Promise<T>;
  send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, options?: AskOptions): Promise<T>;
  /** The answer as it comes, of a request that may last as long as it likes. Throws as `get` does. */
  stream(path: string, options?: StreamOptions): Promise<Response>;
  /** Whatever the status is; null where nobody answers. */
  probe(path: string): Promise<{ status: number; body: unknown; ms: number } | null>;
}

const usualMs = 30_000;
const probeMs = 5_000;

export function openService(options: ServiceOptions): Service {
  const { name, url, token = () => undefined } = options;

  const sendAs = async (who: string | undefined, path: string, init: RequestInit): Promise<Response> => {
    try {
      return await fetch(url + path, {
        ...init,
        headers: { ...bearer(who), ...(init.headers as Record<string, string>) },
      });
    } catch (error) {
      throw unreachable(options, error, init.signal);
    }
  };
  const send = async (path: string, init: RequestInit, query: Query = {}): Promise<Response> => {
    const target = path + printQuery(query);
    const who = await token(false);
    let response = await sendAs(who, target, init);
    // What was streamed cannot be sent again.
    const repeatable = init.body === undefined || init.body === null || typeof init.body === 'string';
    if (response.status === 401 && who !== undefined && repeatable) {
      const other = await token(true, who);
      if (other !== undefined && other !== who) response = await sendAs(other, target, init);
    }
    if (response.ok) return response;
    throw await refusal(options, response);
  };

  const ask = async <T>(
    method: string,
    path: string,
    { query, body, waitSeconds = 0, signal }: AskOptions = {},
  ) => {
    const limit = AbortSignal.timeout(usualMs + waitSeconds * 1_000);
    const response = await send(
      path,
      {
        method,
        signal: signal ? AbortSignal.any([limit, signal]) : limit,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(method === 'GET' ? {} : { 'idempotency-key': randomUUID() }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
      query,
    );
    // Done, and nothing to say about it.
    if (response.status === 204) return undefined as T;
    try {
      return (await response.json()) as T;
    } catch (error) {
      throw strange(options, response, error);
    }
  };

  return {
    name,
    url,
    token,
    get: (path, more) => ask('GET', path, more),
    send: (method, path, more) => ask(method, path, more),
    stream: (path, { query, ...init } = {}) => send(path, { ...init, signal: init.signal ?? null }, query),
    probe: async (path) => {
      const began = performance.now();
      try {
        // Whether it is there is told to everybody, also where our session is over.
        const who = await Promise.resolve(token(false)).catch(() => undefined);
        const response = await fetch(url + path, {
          headers: bearer(who),
          signal: AbortSignal.timeout(probeMs),
        });
        const body: unknown = await response.json().catch(() => null);
        return { status: response.status, body, ms: performance.now() - began };
      } catch {
        return null;
      }
    },
  };
}

/** The header that tells who asks. */
export const bearer = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

function printQuery(query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

function unreachable(
  { name, url, settings }: ServiceOptions,
  error: unknown,
  signal?: AbortSignal | null,
): Error {
  if (signal?.aborted && (signal.reason as Error | undefined)?.name !== 'TimeoutError') return signal.reason;
  const timedOut = error instanceof Error && error.name === 'TimeoutError';
  const what = timedOut ? `${name} at ${url} did not answer in time` : `${name} cannot be reached at ${url}`;
  return new Unreachable(
    `${what}${causeOf(error)}. Does the laboratory run (npm start)? Is it elsewhere, say where: ${settings}.`,
    { cause: error },
  );
}

/** `fetch failed` says nothing; what lies under it does. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return '';
  const { code } = cause as NodeJS.ErrnoException;
  const text = code === 'ECONNREFUSED' ? 'nothing listens there' : cause.message || code;
  return text ? ` (${text})` : '';
}

async function refusal(options: ServiceOptions, response: Response): Promise<Error> {
  const body: unknown = await response.json().catch(() => null);
  if (!isProblem(body)) return strange(options, response);
  return Problem.fromWire(body, Number(response.headers.get('retry-after')) || undefined);
}

const isProblem = (body: unknown): body is ProblemBody =>
  typeof body === 'object' && body !== null && 'code' in body && 'status' in body && 'detail' in body;

/** The answer is none of this service. */
export const strange = (
  { name, url, settings = '--url or LABWRIGHT_URL' }: Partial<ServiceOptions>,
  { status }: Response,
  cause?: unknown,
) =>
  new Unreachable(
    `What answers at ${url} is not ${name}: ${status}, and nothing that we understand. Say where it is: ${settings}.`,
    { cause },
  );
