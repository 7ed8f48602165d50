/**
 * Errors are part of the interface. Each service keeps one catalogue: a stable `code`, its HTTP status and a
 * title. A `Problem` is one occurrence of an entry; on the wire it is `application/problem+json` (RFC 9457)
 * with the plain `error` text beside it for people who read with `curl`.
 */
export interface ErrorEntry {
  readonly status: number;
  readonly title: string;
  /** What the reader of the documentation should do about it. */
  readonly remedy: string;
}

/** One thing that is wrong with the input. `path` is written as in code: `body.steps[0].parameters.volume_ul`. */
export interface Fault {
  path: string;
  message: string;
}

export interface ProblemOptions {
  faults?: Fault[];
  /** Seconds; becomes the `Retry-After` header. */
  retryAfter?: number;
  /** Further members of the answer, such as the holder of a busy device. */
  extra?: Record<string, unknown>;
  cause?: unknown;
}

export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly faults: Fault[] | undefined;
  readonly retryAfter: number | undefined;
  readonly extra: Record<string, unknown>;

  constructor(
    code: string,
    entry: Pick<ErrorEntry, 'status' | 'title'>,
    detail: string,
    options: ProblemOptions = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Problem';
    this.code = code;
    this.status = entry.status;
    this.title = entry.title;
    this.faults = options.faults;
    this.retryAfter = options.retryAfter;
    this.extra = options.extra ?? {};
  }

  /** The body of an `application/problem+json` answer. */
  toWire(requestId?: string): ProblemBody {
    return {
      ...this.extra,
      type: `urn:labwright:problem:${this.code}`,
      title: this.title,
      status: this.status,
      detail: this.message,
      code: this.code,
      error: this.message,
      ...(this.faults ? { faults: this.faults } : {}),
      ...(requestId ? { request_id: requestId } : {}),
    };
  }

  /** The reverse of `toWire`: what a client makes of another service's answer. */
  static fromWire(body: ProblemBody, retryAfter?: number): Problem {
    const {
      type: _type,
      title,
      status,
      detail,
      code,
      error: _error,
      faults,
      request_id: _id,
      ...extra
    } = body;
    return new Problem(code, { status, title }, detail, {
      extra,
      ...(faults ? { faults } : {}),
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
  }
}

export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  error: string;
  faults?: Fault[];
  request_id?: string;
  [extra: string]: unknown;
}

export interface ErrorCatalogue<Code extends string = string> {
  readonly entries: Readonly<Record<Code, ErrorEntry>>;
  /** Makes the error to throw. `detail` says what happened here and what to do. */
  problem(code: Code, detail: string, options?: ProblemOptions): Problem;
}

export function errorCatalogue<const Code extends string>(
  entries: Record<Code, ErrorEntry>,
): ErrorCatalogue<Code> {
  return {
    entries,
    problem: (code, detail, options) => new Problem(code, entries[code], detail, options),
  };
}

/** True for a `Problem` with this code, whichever service it came from. */
export function isProblem(error: unknown, ...codes: string[]): error is Problem {
  return error instanceof Problem && (codes.length === 0 || codes.includes(error.code));
}

/** What any service can answer, whatever its domain. */
export const commonErrors = errorCatalogue({
  validation_failed: {
    status: 400,
    title: 'The request is not valid',
    remedy: 'Mend each place that `faults` names and send the request again.',
  },
  malformed_json: { status: 400, title: 'The body is not JSON', remedy: 'Send a JSON object.' },
  unauthenticated: {
    status: 401,
    title: 'Nobody is signed in',
    remedy: 'Sign in, or send an API token: `Authorization: Bearer …`.',
  },
  forbidden: {
    status: 403,
    title: 'This needs more rights',
    remedy: 'Ask an administrator of the laboratory for the role or the scope that `detail` names.',
  },
  cross_site_request: {
    status: 403,
    title: 'Another web site asks in the name of whoever is signed in',
    remedy:
      'Open the page of the laboratory itself. A program sends `Authorization: Bearer …`, and no cookie.',
  },
  identity_unavailable: {
    status: 503,
    title: 'Nobody can tell at present who somebody is',
    remedy: 'Nothing was done. Try again after Retry-After; if it stays so, look at hub-service.',
  },
  request_timeout: {
    status: 408,
    title: 'The body did not arrive in time',
    remedy: 'Nothing was done. Send the request again, over a connection that holds.',
  },
  unreadable_request: {
    status: 400,
    title: 'The request is not readable as HTTP',
    remedy: 'Look at the URL and the headers: percent escapes, lengths, sizes.',
  },
  route_not_found: {
    status: 404,
    title: 'No such route',
    remedy: 'See /docs for every route of this service.',
  },
  payload_too_large: { status: 413, title: 'The body is too large', remedy: 'Send a smaller body.' },
  unsupported_media_type: {
    status: 415,
    title: 'The content type is not supported',
    remedy: 'Send `Content-Type: application/json`.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The idempotency key belongs to another request',
    remedy: 'Use a new Idempotency-Key for a new request.',
  },
  idempotency_in_progress: {
    status: 409,
    title: 'The first request with this idempotency key is still running',
    remedy: 'Wait for the time that Retry-After names and send the same request again.',
  },
  too_many_requests: {
    status: 429,
    title: 'Too many requests',
    remedy:
      'Wait for the time that Retry-After names; `violated-policies` names the limits, `RateLimit-Policy` says what they are.',
  },
  limits_unavailable: {
    status: 503,
    title: 'Requests cannot be counted now',
    remedy:
      'Nothing was done. Try again after Retry-After; an administrator sees to the store of the limits (LIMITS_STORE).',
  },
  overloaded: {
    status: 503,
    title: 'The service is overloaded',
    remedy: 'Wait for the time that Retry-After names and try again.',
  },
  database_unavailable: {
    status: 503,
    title: 'The database cannot be reached',
    remedy: 'Nothing was changed. Try again after Retry-After; if it stays so, look at /ready.',
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong on our side',
    remedy: 'Report it with the request_id; the log has the rest.',
  },
});
