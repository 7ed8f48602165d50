import { contextHeaders } from './context.ts';
import { Problem, type ProblemBody, type ProblemOptions } from './errors.ts';

export interface CallerOptions {
  /** `http://host:port` */
  url: string;
  /** As people know it: `device-service`. */
  service: string;
  /** The setting that names `url`. */
  setting: string;
  /** Milliseconds until an answer must be there, beside the time that the call itself may wait. Default 10,000. */
  timeout?: number | undefined;
  /** More headers for each call, such as who we are. */
  headers?: (() => Record<string, string> | Promise<Record<string, string>>) | undefined;
  /** The request certainly had no effect. */
  unreachable: (detail: string, options: ProblemOptions) => Problem;
  /** Nobody knows whether it had one. */
  noAnswer: (detail: string, options: ProblemOptions) => Problem;
}

export interface CallOptions {
  body?: unknown;
  /** That the service may take to answer, beside the timeout. */
  waitSeconds?: number;
  signal?: AbortSignal | undefined;
}

/** Calls another service; answers the body, or throws the `Problem` that it answered. */
export type Caller = <T>(method: 'GET' | 'POST' | 'PUT', path: string, options?: CallOptions) => Promise<T>;

/** Carries the request id and the trace of the current request with each call. */
export function createCaller(options: CallerOptions): Caller {
  const { url, service, timeout = 10_000 } = options;
  return async <T>(
    method: string,
    path: string,
    { body, waitSeconds = 0, signal }: CallOptions = {},
  ): Promise<T> => {
    const limit = AbortSignal.timeout(timeout + waitSeconds * 1000);
    let response: Response;
    let answer: string;
    try {
      response = await fetch(url + path, {
        method,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(await options.headers?.()),
          ...contextHeaders(),
        },
        signal: signal ? AbortSignal.any([limit, signal]) : limit,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      answer = await response.text();
    } catch (error) {
      signal?.throwIfAborted();
      throw wasRefused(error)
        ? options.unreachable(
            `${service} at ${url} cannot be reached; nothing was changed. Try again shortly.`,
            { retryAfter: 2, cause: error },
          )
        : options.noAnswer(
            `${service} at ${url} did not answer; what became of the request is being settled.`,
            { retryAfter: 5, cause: error },
          );
    }
    const parsed = parse(answer);
    if (response.ok && parsed !== undefined) return parsed as T;
    if (isProblemBody(parsed)) {
      // It is we who are not known, not whoever asked us.
      if (response.status === 401)
        throw options.unreachable(
          `${service} at ${url} does not know who asks; nothing was changed. SERVICE_TOKEN must be the same in both services.`,
          { retryAfter: 5 },
        );
      const retryAfter = Number(response.headers.get('retry-after')) || undefined;
      throw Problem.fromWire(parsed, retryAfter);
    }
    throw options.noAnswer(
      `${service} at ${url} answered ${response.status} with something that is not ours. Is ${options.setting} right?`,
      { retryAfter: 5 },
    );
  };
}

/** Refused or unresolved: nothing was sent. Anything else may have arrived. */
function wasRefused(error: unknown): boolean {
  return unfold(error).some((code) =>
    ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'].includes(code),
  );
}

/** The codes of an error, of its causes and of the errors that it gathers. */
function unfold(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const own = 'code' in error ? [String(error.code)] : [];
  const gathered = error instanceof AggregateError ? error.errors.flatMap(unfold) : [];
  return [...own, ...gathered, ...unfold(error.cause)];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isProblemBody(value: unknown): value is ProblemBody {
  return (
    typeof value === 'object' && value !== null && 'code' in value && 'status' in value && 'detail' in value
  );
}
