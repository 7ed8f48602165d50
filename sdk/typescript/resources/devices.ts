import type { Caller, CallOptions } from '../http/call.ts';
import type { BodyOf, QueryOf } from '../http/routes.ts';
import { pages } from '../pages.ts';
import type { Device, DeviceOperation, DeviceView, Execution, WaitTime } from '../types.ts';

const service = 'device-service';
type Filter = QueryOf<typeof service, '/devices'>;
type Created = BodyOf<typeof service, 'POST', '/devices'>;
type Change = BodyOf<typeof service, 'PATCH', '/devices/{id}'>;
type Order = BodyOf<typeof service, 'POST', '/devices/{id}/execute'>;
type Abort = BodyOf<typeof service, 'POST', '/devices/{id}/abort'>;

/** The instruments. */
export function devicesOf({ call }: Caller) {
  return {
    list: (filter: Filter = {}, options: CallOptions = {}) =>
      pages<Device>(async (cursor = filter.cursor, signal) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page = await call(service, 'GET', '/devices', { query, ...options, signal });
        return { rows: page.devices, next_cursor: page.next_cursor };
      }, options),

    /** With who holds it and how many wait for it. */
    get: (id: string, options: CallOptions = {}): Promise<DeviceView> =>
      call(service, 'GET', '/devices/{id}', { path: { id }, ...options }),

    create: async (device: Created, options: CallOptions = {}): Promise<Device> =>
      (await call(service, 'POST', '/devices', { body: device, ...options })).device,

    /** Its name, place and settings; `status: 'maintenance'`, and `'available'` again; `paused`. */
    update: async (id: string, change: Change, options: CallOptions = {}): Promise<Device> =>
      (await call(service, 'PATCH', '/devices/{id}', { path: { id }, body: change, ...options })).device,

    remove: async (id: string, options: CallOptions = {}): Promise<Device> =>
      (await call(service, 'DELETE', '/devices/{id}', { path: { id }, ...options })).device,

    /** What it can do, with the parameters, units and limits of each operation. */
    operations: async (id: string, options: CallOptions = {}): Promise<readonly DeviceOperation[]> =>
      (await call(service, 'GET', '/devices/{id}/operations', { path: { id }, ...options })).operations,

    /** What would be wrong with an operation; nothing where the list is empty. */
    check: async (
      id: string,
      operation: string,
      parameters: Record<string, unknown> = {},
      options: CallOptions = {},
    ) => {
      const body = { operation, parameters };
      return (await call(service, 'POST', '/devices/{id}/check', { path: { id }, body, ...options })).faults;
    },

    /** How long somebody would wait for it; of a workflow in its queue, how long that one will. */
    waitTime: (
      id: string,
      query: QueryOf<typeof service, '/devices/{id}/wait-time'> = {},
      options: CallOptions = {},
    ): Promise<WaitTime> =>
      call(service, 'GET', '/devices/{id}/wait-time', { path: { id }, query, ...options }),

    /**
     * Carries out one operation for the workflow that holds the device. Where it takes longer than `wait_seconds` (30) the
     * execution that is answered still has the status `running`; `execution` tells how it ended.
     */
    execute: async (id: string, order: Order, options: CallOptions = {}): Promise<Execution> => {
      const body = { wait_seconds: 30, ...order };
      return (await call(service, 'POST', '/devices/{id}/execute', { path: { id }, body, ...options }))
        .execution;
    },

    execution: (execution_id: string, options: CallOptions = {}): Promise<Execution> =>
      call(service, 'GET', '/executions/{execution_id}', { path: { execution_id }, ...options }),

    /** Stops what it is doing. */
    abort: async (id: string, body: Abort = {}, options: CallOptions = {}): Promise<Execution> =>
      (await call(service, 'POST', '/devices/{id}/abort', { path: { id }, body, ...options })).execution,
  };
}
