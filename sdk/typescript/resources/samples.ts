import type { Caller, CallOptions } from '../http/call.ts';
import type { Answer, BodyOf, Operation, QueryOf } from '../http/routes.ts';
import { pages } from '../pages.ts';
import type { Plate, Sample } from '../types.ts';

const service = 'workflow-service';
type ImportAnswer = Answer<Operation<typeof service, 'POST', '/samples/import'>>;

export function samplesOf({ call, respond }: Caller) {
  return {
    list: (filter: QueryOf<typeof service, '/samples'> = {}, options: CallOptions = {}) =>
      pages<Sample>(async (cursor = filter.cursor, signal) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page = await call(service, 'GET', '/samples', { query, ...options, signal });
        return { rows: page.samples, next_cursor: page.next_cursor };
      }, options),

    get: (barcode: string, options: CallOptions = {}): Promise<Sample> =>
      call(service, 'GET', '/samples/{barcode}', { path: { barcode }, ...options }),

    create: (
      sample: BodyOf<typeof service, 'POST', '/samples'>,
      options: CallOptions = {},
    ): Promise<Sample> => call(service, 'POST', '/samples', { body: sample, ...options }),

    /** Which of these barcodes are known. */
    validate: (barcodes: string[], options: CallOptions = {}) =>
      call(service, 'POST', '/samples/validate', { body: { barcodes }, ...options }),

    /** A CSV file with the columns `barcode,sample_type,plate_id,well,volume_ul`: all of it, or none and every bad row in `faults` of the error's `body`. */
    import: async (
      csv: string | Blob,
      {
        partial,
        createPlates,
        ...options
      }: CallOptions & {
        /** Takes the good rows where some are bad. */
        partial?: boolean;
        /** Makes the plates that are not there. */
        createPlates?: boolean;
      } = {},
    ): Promise<ImportAnswer> => {
      const response = await respond(service, 'POST', '/samples/import', {
        query: { partial, create_plates: createPlates },
        content: { type: 'text/csv', data: csv, repeatable: true },
        ...options,
      });
      return (await response.json()) as ImportAnswer;
    },
  };
}

export function platesOf({ call }: Caller) {
  return {
    list: (filter: QueryOf<typeof service, '/plates'> = {}, options: CallOptions = {}) =>
      pages<Plate>(async (cursor = filter.cursor, signal) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page = await call(service, 'GET', '/plates', { query, ...options, signal });
        return { rows: page.plates, next_cursor: page.next_cursor };
      }, options),

    /** With what stands on it. */
    get: (id: string, options: CallOptions = {}) =>
      call(service, 'GET', '/plates/{id}', { path: { id }, ...options }),

    create: (plate: BodyOf<typeof service, 'POST', '/plates'>, options: CallOptions = {}): Promise<Plate> =>
      call(service, 'POST', '/plates', { body: plate, ...options }),
  };
}
