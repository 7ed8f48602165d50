import { contextHeaders } from '@labwright/kernel/context';
import { errorCatalogue, isProblem, Problem, type ProblemBody } from '@labwright/kernel/errors';
import type { DevicesApi } from './api.ts';
import type { Booking, Device, EventPage, Execution, QueueEntry } from './schemas.ts';

/** How a call to device-service can fail without an answer. */
export const reachErrors = errorCatalogue({
  device_service_unreachable: {
    status: 503,
    title: 'device-service cannot be reached',
    remedy: 'Nothing was changed. Try again after Retry-After; if it stays so, start device-service.',
  },
  device_service_no_answer: {
    status: 503,
    title: 'device-service did not answer in time',
    remedy: 'It is settled in the background; look at the workflow again after Retry-After.',
  },
});

export interface DevicesClientOptions {
  /** `http://host:port` */
  url: string;
  /** Milliseconds until an answer must be there, beside the time that the call itself may wait. */
  timeout?: number;
}

/** `DevicesApi` over HTTP. Carries the request id and the trace of the current request with it. */
export function devicesClient(options: DevicesClientOptions): DevicesApi {
  const timeout = options.timeout ?? 10_000;

  const call = async <T>(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    more: { waitSeconds?: number; signal?: AbortSignal } = {},
  ): Promise<T> => {
    const limit = AbortSignal.timeout(timeout + (more.waitSeconds ?? 0) * 1000);
    let response: Response;
    let answer: string;
    try {
      response = await fetch(options.url + path, {
        method,
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...contextHeaders(),
        },
        signal: more.signal ? AbortSignal.any([limit, more.signal]) : limit,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      answer = await response.text();
    } catch (error) {
      more.signal?.throwIfAborted();
      throw noAnswer(error, options.url);
    }
    const parsed = parse(answer);
    if (response.ok && parsed !== undefined) return parsed as T;
    if (isProblemBody(parsed)) {
      const retryAfter = Number(response.headers.get('retry-after')) || undefined;
      throw Problem.fromWire(parsed, retryAfter);
    }
    throw reachErrors.problem(
      'device_service_no_answer',
      `device-service at ${options.url} answered ${response.status} with something that is not ours. Is DEVICE_SERVICE_URL right?`,
      { retryAfter: 5 },
    );
  };

  const device = (id: string) => `/devices/${encodeURIComponent(id)}`;

  return {
    getDevice: (id) => call<Device>('GET', device(id)),
    book: async ({ device_id, ...body }) =>
      (await call<{ booking: Booking }>('POST', `${device(device_id)}/book`, body)).booking,
    enqueue: ({ device_id, ...body }) =>
      call<{ entry: QueueEntry; booking: Booking | null }>('POST', `${device(device_id)}/queue`, body),
    withdraw: async ({ device_id, ...body }) => {
      await call('POST', `${device(device_id)}/withdraw`, body);
    },
    execute: async ({ device_id, ...body }) =>
      (
        await call<{ execution: Execution }>('POST', `${device(device_id)}/execute`, body, {
          waitSeconds: body.wait_seconds,
        })
      ).execution,
    getExecution: (id) => call<Execution>('GET', `/executions/${encodeURIComponent(id)}`),
    checkOperation: async ({ device_id, ...body }) =>
      (
        await call<{ faults: { path: string; message: string }[] }>(
          'POST',
          `${device(device_id)}/check`,
          body,
        )
      ).faults,
    events: ({ cursor, wait_seconds, signal }) => {
      const query = new URLSearchParams({ wait_seconds: String(wait_seconds) });
      if (cursor) query.set('cursor', cursor);
      return call<EventPage>('GET', `/events?${query}`, undefined, {
        waitSeconds: wait_seconds,
        ...(signal ? { signal } : {}),
      });
    },
  };
}

/** Refused or unresolved: nothing was sent. Anything else may have arrived. */
function noAnswer(error: unknown, url: string): Problem {
  const causes = unfold(error);
  const refused = causes.some((code) =>
    ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'].includes(code),
  );
  return refused
    ? reachErrors.problem(
        'device_service_unreachable',
        `device-service at ${url} cannot be reached; nothing was changed. Try again shortly.`,
        { retryAfter: 2, cause: error },
      )
    : reachErrors.problem(
        'device_service_no_answer',
        `device-service at ${url} did not answer; what became of the request is being settled.`,
        { retryAfter: 5, cause: error },
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

/** True where nobody knows whether a call had an effect. */
export const isNoAnswer = (error: unknown) => isProblem(error, 'device_service_no_answer');
