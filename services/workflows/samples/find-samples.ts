import { ListedSample, Sample, SimilarBarcode } from '@labwright/contract-workflows';
import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { barcodeShape } from './shapes.ts';

/** The columns of a `ListedSample`, of the table or alias `samples`: no metadata, which may be large. */
export const listedColumns = `samples.id, samples.barcode, samples.sample_type, samples.plate_id, samples.well,
   samples.volume_ul, samples.created_at`;

/** The columns of a `Sample`. */
export const sampleColumns = `${listedColumns}, samples.metadata`;

const byBarcode = rows(
  'samples.by_barcode',
  ListedSample,
  `SELECT ${listedColumns}
   FROM unnest($1::text[]) WITH ORDINALITY AS wanted (barcode, place)
   JOIN samples ON samples.barcode = wanted.barcode
   ORDER BY wanted.place`,
);

const one = rows(
  'samples.one',
  Sample,
  `SELECT ${sampleColumns} FROM samples WHERE barcode = ANY ($1::text[])`,
);

const known = rows(
  'samples.known_barcodes',
  Type.Object({ barcode: Type.String() }),
  'SELECT barcode FROM samples WHERE barcode = ANY ($1::text[])',
);

/** By `samples_by_lower_barcode`. */
const similar = rows(
  'samples.similar_barcodes',
  SimilarBarcode,
  `SELECT wanted.barcode AS given, found.barcode AS known
   FROM unnest($1::text[]) WITH ORDINALITY AS wanted (barcode, place)
   CROSS JOIN LATERAL (
     SELECT samples.barcode FROM samples
     WHERE lower(samples.barcode) = lower(wanted.barcode COLLATE "C")
     ORDER BY samples.barcode LIMIT 1
   ) AS found
   ORDER BY wanted.place`,
);

/** By `workflow_samples_pkey` and `samples_pkey`. */
const ofWorkflows = rows(
  'samples.of_workflows',
  Type.Object({ workflow_id: Type.String(), ...ListedSample.properties }),
  `SELECT held.workflow_id, ${listedColumns}
   FROM workflow_samples AS held JOIN samples ON samples.id = held.sample_id
   WHERE held.workflow_id = ANY ($1::text[])
   ORDER BY held.workflow_id, held.position`,
);

/** What is no barcode is nobody's, and PostgreSQL is not asked about it: it refuses some texts (U+0000). */
const possible = (barcodes: readonly string[]) => [
  ...new Set(barcodes.filter((barcode) => barcodeShape.test(barcode))),
];

/** The samples with these barcodes, in this order and each once; unknown barcodes are left out. One query. */
export function findSamplesByBarcode(db: Queryable, barcodes: string[]): Promise<ListedSample[]> {
  return db.query(byBarcode, [possible(barcodes)]);
}

/** One sample with its metadata; undefined where no sample has this barcode. */
export function findSample(db: Queryable, barcode: string): Promise<Sample | undefined> {
  return db.first(one, [possible([barcode])]);
}

/** Which of these barcodes are those of samples. One query. */
export async function knownBarcodes(db: Queryable, barcodes: readonly string[]): Promise<Set<string>> {
  const found = await db.query(known, [possible(barcodes)]);
  return new Set(found.map((row) => row.barcode));
}

/** For each of these unknown barcodes the sample whose barcode differs in upper and lower case only, where there is one. One query. */
export async function similarBarcodes(db: Queryable, unknown: readonly string[]): Promise<SimilarBarcode[]> {
  const wanted = possible(unknown);
  return wanted.length === 0 ? [] : db.query(similar, [wanted]);
}

/** The samples of these workflows, by workflow and then in the order in which each names them. One query. */
export function samplesOfWorkflows(
  db: Queryable,
  workflowIds: string[],
): Promise<(ListedSample & { workflow_id: string })[]> {
  return db.query(ofWorkflows, [workflowIds]);
}
