import { errorCatalogue, isProblem } from '@labwright/kernel/errors';
import { createCaller } from '@labwright/kernel/http-client';
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
  /** Of each request: by which device-service knows who asks. */
  headers?: () => Record<string, string>;
}

/** `DevicesApi` over HTTP. Carries the request id and the trace of the current request with it. */
export function devicesClient(options: DevicesClientOptions): DevicesApi {
  const ask = createCaller({
    ...options,
    service: 'device-service',
    setting: 'DEVICE_SERVICE_URL',
    unreachable: (detail, more) => reachErrors.problem('device_service_unreachable', detail, more),
    noAnswer: (detail, more) => reachErrors.problem('device_service_no_answer', detail, more),
  });
  const call = <T>(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    more: { waitSeconds?: number; signal?: AbortSignal } = {},
  ) => ask<T>(method, path, { body, ...more });

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
    noteWait: async ({ device_id, ...body }) => {
      await call('POST', `${device(device_id)}/holder-wait`, body);
    },
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

/** True where nobody knows whether a call had an effect. */
export const isNoAnswer = (error: unknown) => isProblem(error, 'device_service_no_answer');
