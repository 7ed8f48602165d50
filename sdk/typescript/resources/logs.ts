import type { Caller, CallOptions } from '../http/call.ts';
import type { QueryOf } from '../http/routes.ts';
import { pages } from '../pages.ts';
import type { Execution } from '../types.ts';

const service = 'device-service';
type Filter = Omit<QueryOf<typeof service, '/execution-logs'>, 'page' | 'per_page'>;

/** What the devices did, when, for whom, and with what result. */
export function logsOf({ call, respond }: Caller) {
  return {
    /** Newest first. `start` and `end` are inclusive. */
    list: (filter: Filter = {}, options: CallOptions = {}) =>
      pages<Execution>(async (cursor = filter.cursor, signal) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page = await call(service, 'GET', '/execution-logs', { query, ...options, signal });
        return { rows: page.execution_logs, next_cursor: page.next_cursor };
      }, options),

    /** All rows that match, of any number, as a stream of bytes. A stream that breaks off throws; it never looks like a whole one. */
    download: async (
      filter: Omit<Filter, 'cursor'>,
      form: 'csv' | 'ndjson',
      options: CallOptions = {},
    ): Promise<ReadableStream<Uint8Array>> => {
      const accept = form === 'csv' ? 'text/csv' : 'application/x-ndjson';
      // However long it takes: the reader ends it.
      const { body } = await respond(service, 'GET', '/execution-logs', {
        query: filter,
        accept,
        stream: true,
        timeoutMs: longest,
        ...options,
      });
      return body ?? new ReadableStream({ start: (controller) => controller.close() });
    },
  };
}

const longest = 24 * 3_600_000;
