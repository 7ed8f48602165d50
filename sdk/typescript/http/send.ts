import { LabwrightError } from '../errors.ts';
import { errorOf } from './answer.ts';

/** What can be sent again as it is; a stream could not. */
export type Content = string | Blob | FormData;

/**
 * One request, sent until it is answered:
 *
 *     sent ──answered────────────────────────────────────────────> done, or a LabwrightError
 *          ──401, and the token can be renewed───────────────────> sent again at once, one time
 *          ──refused at the door (429, 503, nobody listens)──────> sent again: nothing was done
 *          ──no answer, 502, 504, its key is still in progress───> sent again where a repeat is harmless: GET, PUT, and POST with its
 *                                                                  Idempotency-Key, which is the same each time
 *
 * Between two tries it waits as long as `Retry-After` says, and at least a random part of a time that doubles with each try.
 */
export interface Wire {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Content;
  /** Sent twice it has the effect of once. */
  readonly repeatable: boolean;
  /** The caller reads the body itself; what breaks then is not sent again. */
  readonly stream?: boolean;
}

export interface Patience {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for all tries together. */
  readonly timeoutMs: number;
  /** Milliseconds for one try. */
  readonly tryTimeoutMs: number;
  /** Tries after the first one. */
  readonly retries: number;
}

/** Who asks. `renew`: the token that was given before was refused, `refused`. */
export type TokenSource = (
  renew: boolean,
  refused?: string,
) => string | undefined | Promise<string | undefined>;

export interface Line {
  readonly fetch: typeof fetch;
  /** Undefined where nobody signs in, or cookies tell. */
  readonly token?: TokenSource | undefined;
}

const firstWaitMs = 200;
const longestWaitMs = 10_000;

export async function send(line: Line, wire: Wire, patience: Patience): Promise<Response> {
  const deadline = Date.now() + patience.timeoutMs;
  let renewed = false;
  const shown: { token?: string | undefined } = {};
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await trySending(line, wire, patience, { deadline, renew: renewed, shown });
    if (!(outcome instanceof LabwrightError)) return outcome;
    outcome.attempts = attempt;
    if (outcome.status === 401 && line.token && !renewed) {
      renewed = true;
      continue;
    }
    const waitMs = waitOf(outcome, attempt);
    if (attempt > patience.retries || !mayRepeat(outcome, wire) || Date.now() + waitMs >= deadline)
      throw outcome;
    await pause(waitMs, patience.signal);
  }
}

/** The answer with its body read, so that a connection that breaks half-way counts as no answer. */
async function trySending(
  line: Line,
  wire: Wire,
  { signal, tryTimeoutMs }: Patience,
  { deadline, renew, shown }: { deadline: number; renew: boolean; shown: { token?: string | undefined } },
): Promise<Response | LabwrightError> {
  signal?.throwIfAborted();
  const token = await line.token?.(renew, shown.token);
  shown.token = token;
  const limit = AbortSignal.timeout(Math.max(1, Math.min(tryTimeoutMs, deadline - Date.now())));
  let response: Response;
  let text: string;
  try {
    response = await line.fetch(wire.url, {
      method: wire.method,
      headers: token === undefined ? wire.headers : { ...wire.headers, authorization: `Bearer ${token}` },
      ...(wire.body === undefined ? {} : { body: wire.body }),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    if (wire.stream && response.ok) return response;
    text = await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    return withoutAnswer(wire, error);
  }
  if (!response.ok) return errorOf(response, text, wire.url);
  const { status, headers } = response;
  return new Response(text === '' ? null : text, { status, headers });
}

function withoutAnswer({ method, url }: Wire, error: unknown): LabwrightError {
  const { host, pathname } = new URL(url, page()?.href ?? 'http://localhost');
  if (wasRefused(error))
    return new LabwrightError({
      code: 'unreachable',
      detail: `Nobody answers at ${host}; nothing was done. Does the laboratory run there?`,
      cause: error,
    });
  return new LabwrightError({
    code: 'no_answer',
    detail: `${host} did not answer ${method} ${pathname}; nobody knows whether it was done. Send it again with the same Idempotency-Key, or look.`,
    cause: error,
  });
}

/** Where we are a script of a page: addresses may be relative to it. */
export const page = (): { href: string; origin: string } | undefined =>
  (globalThis as { location?: { href: string; origin: string } }).location;

/** Refused or unresolved: nothing was sent. Browsers don't tell, and then it may have arrived. */
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

function mayRepeat({ code, status }: LabwrightError, { repeatable }: Wire): boolean {
  // A service that has asked another one says by its code when that one gave no answer.
  const silent = code.endsWith('no_answer');
  if (code === 'unreachable' || status === 429 || (status === 503 && !silent)) return true;
  const uncertain = silent || status === 502 || status === 504 || code === 'idempotency_in_progress';
  return uncertain && repeatable;
}

/** Milliseconds; the random part keeps clients apart that failed together. */
function waitOf({ retryAfterSeconds = 0 }: LabwrightError, attempt: number): number {
  const grown = Math.min(longestWaitMs, firstWaitMs * 2 ** (attempt - 1));
  return retryAfterSeconds * 1_000 + grown * (0.5 + Math.random() / 2);
}

/** Throws the reason of the signal where it fires meanwhile. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
