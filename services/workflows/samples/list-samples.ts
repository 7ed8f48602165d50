import { Sample } from '@labwright/contract-workflows';
import type { Db } from '@labwright/kernel/db';
import { rows, type Statement } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { decodeCursor, encodeCursor, type ListName } from './cursors.ts';
import { sampleColumns } from './find-samples.ts';
import { barcodeShape } from './shapes.ts';

export interface SampleFilters {
  sample_type?: string;
  plate_id?: string;
  /** The first characters of the barcode, as it is written. */
  barcode_prefix?: string;
  /** The prefix may be written in other upper and lower case. */
  any_case?: boolean;
}

export interface PageRequest {
  /** Rows; 1 to 100. */
  limit: number;
  cursor?: string | undefined;
}

const ListedSample = Type.Object({ ...Sample.properties, seq: Type.String() });

const filterNames = ['sample_type', 'plate_id', 'barcode_prefix'] as const;
type FilterName = (typeof filterNames)[number];

/** Sorts behind every character of a barcode. */
const afterAll = '\x7f';

type Order = 'arrival' | 'barcode' | 'any_case';

/** By what a page is ordered, and where it begins: behind the position of the cursor, `$2`. */
const orders: Readonly<Record<Order, { by: string; from: string }>> = {
  arrival: { by: 'samples.seq', from: 'samples.seq > $2::bigint' },
  barcode: { by: 'samples.barcode', from: 'samples.barcode > $2::text' },
  any_case: {
    by: 'lower(samples.barcode), samples.barcode',
    from: `(lower(samples.barcode), samples.barcode) > (lower($2::text COLLATE "C"), $2::text)`,
  },
};

/** Compared as the order is: in lower case of ASCII, whatever the locale of the database. */
const prefixOf = {
  barcode: (parameter: string) => ['samples.barcode', `${parameter}::text`],
  any_case: (parameter: string) => ['lower(samples.barcode)', `lower(${parameter}::text COLLATE "C")`],
} as const;

const orderOf = ({ barcode_prefix, any_case }: SampleFilters): Order => {
  if (barcode_prefix === undefined) return 'arrival';
  return any_case ? 'any_case' : 'barcode';
};

/**
 * One statement for each set of filters. Parameters: limit, position of the cursor, then the filters in the order
 * of `filterNames`.
 *
 * By arrival (`samples_seq_key`, `samples_by_type`); by barcode where a prefix is given (`samples_barcode`,
 * `samples_by_lower_barcode`), so that a page reads only its own rows; a plate's samples are at most 1,536 and read all
 * (`samples_one_a_well`).
 */
function listStatement(filters: readonly FilterName[], order: Order): Statement<Static<typeof ListedSample>> {
  const parameter = (name: FilterName) => `$${filters.indexOf(name) + 3}`;
  const { by, from } = orders[order];
  const conditions = [from];
  if (filters.includes('sample_type')) conditions.push(`samples.sample_type = ${parameter('sample_type')}`);
  if (order !== 'arrival') {
    const [barcode, prefix] = prefixOf[order](parameter('barcode_prefix'));
    conditions.push(`${barcode} >= ${prefix}`, `${barcode} < ${prefix} || '${afterAll}'`);
  }
  // OFFSET 0 keeps the planner from walking all samples in order until it has met enough of this plate.
  const source = filters.includes('plate_id')
    ? `(SELECT * FROM samples WHERE plate_id = ${parameter('plate_id')} OFFSET 0) AS samples`
    : 'samples';
  return rows(
    ['samples.list', ...filters, ...(order === 'any_case' ? [order] : [])].join('.'),
    ListedSample,
    `SELECT ${sampleColumns}, samples.seq FROM ${source}
     WHERE ${conditions.join(' AND ')}
     ORDER BY ${by} LIMIT $1`,
  );
}

const keyOf = (filters: readonly FilterName[], order: Order) => [...filters, order].join();

/** Every set of filters, declared at once so that a test can prepare them all. */
const statements = new Map(
  [0, 1, 2, 3, 4, 5, 6, 7]
    .map((bits) => filterNames.filter((_name, place) => bits & (1 << place)))
    .flatMap((filters) =>
      (filters.includes('barcode_prefix') ? (['barcode', 'any_case'] as const) : (['arrival'] as const)).map(
        (order) => [keyOf(filters, order), listStatement(filters, order)] as const,
      ),
    ),
);

const seqShape = /^\d{1,18}$/;

/**
 * One page of samples, oldest first; with a barcode prefix in the order of barcodes. Throws `invalid_cursor`.
 */
export async function listSamples(
  db: Db,
  filters: SampleFilters,
  page: PageRequest,
): Promise<{ samples: Sample[]; next_cursor: string | null }> {
  const given = filterNames.filter((name) => filters[name] !== undefined);
  const order = orderOf(filters);
  const statement = statements.get(keyOf(given, order));
  if (!statement) throw new Error(`No statement lists samples by ${given.join()}`);
  const byBarcode = order !== 'arrival';
  const list: ListName = [
    'samples',
    ...filterNames.map((name) => filters[name] ?? null),
    ...(order === 'any_case' ? [order] : []),
  ];
  const position = byBarcode
    ? decodeCursor(list, page.cursor, '', barcodeShape)
    : decodeCursor(list, page.cursor, '0', seqShape);
  const found = await db.query(statement, [page.limit + 1, position, ...given.map((name) => filters[name])]);
  const shown = found.slice(0, page.limit);
  const last = found.length > page.limit ? shown.at(-1) : undefined;
  return {
    samples: shown.map(({ seq: _seq, ...sample }) => sample),
    next_cursor: last ? encodeCursor(list, byBarcode ? last.barcode : last.seq) : null,
  };
}
