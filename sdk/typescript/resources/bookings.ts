import type { Caller, CallOptions } from '../http/call.ts';
import type { BodyOf, QueryOf } from '../http/routes.ts';
import { pages } from '../pages.ts';
import type { Booking, QueueEntry, WaitingEntry } from '../types.ts';

const service = 'device-service';
type Claim = BodyOf<typeof service, 'POST', '/devices/{id}/book'>;
type Request = BodyOf<typeof service, 'POST', '/devices/{id}/queue'>;
type Release = BodyOf<typeof service, 'POST', '/devices/{id}/release'>;
type Approval = BodyOf<typeof service, 'DELETE', '/devices/{id}/queue/{entry_id}'>;

/** Who holds a device, and who waits for it. Workflows do all of this by themselves. */
export function bookingsOf({ call }: Caller) {
  return {
    /** The device for this workflow alone; `device_busy` where another one has it. */
    book: (device: string, claim: Claim, options: CallOptions = {}) =>
      call(service, 'POST', '/devices/{id}/book', { path: { id: device }, body: claim, ...options }),

    /** Releases the device; `next_booking` is that of who waited for it. */
    release: (device: string, release: Release, options: CallOptions = {}) =>
      call(service, 'POST', '/devices/{id}/release', { path: { id: device }, body: release, ...options }),

    list: (
      device: string,
      filter: QueryOf<typeof service, '/devices/{id}/bookings'> = {},
      options: CallOptions = {},
    ) =>
      pages<Booking>(async (cursor = filter.cursor, signal) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const input = { path: { id: device }, query, ...options, signal };
        const page = await call(service, 'GET', '/devices/{id}/bookings', input);
        return { rows: page.bookings, next_cursor: page.next_cursor };
      }, options),

    /** Waits in line; booked at once where the device is free. */
    enqueue: (device: string, request: Request, options: CallOptions = {}) =>
      call(service, 'POST', '/devices/{id}/queue', { path: { id: device }, body: request, ...options }),

    /** Who waits, in their order, with how long each of them will. */
    queue: (
      device: string,
      filter: QueryOf<typeof service, '/devices/{id}/queue'> = {},
      options: CallOptions = {},
    ) =>
      pages<WaitingEntry>(async (cursor = filter.cursor, signal) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const input = { path: { id: device }, query, ...options, signal };
        const page = await call(service, 'GET', '/devices/{id}/queue', input);
        return { rows: page.queue, next_cursor: page.next_cursor };
      }, options),

    /** Takes an entry out of the queue. */
    leave: async (
      device: string,
      entry_id: string,
      approval: Approval = {},
      options: CallOptions = {},
    ): Promise<QueueEntry> => {
      const input = { path: { id: device, entry_id }, body: approval, ...options };
      return (await call(service, 'DELETE', '/devices/{id}/queue/{entry_id}', input)).entry;
    },
  };
}
