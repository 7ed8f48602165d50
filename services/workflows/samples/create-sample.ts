import { auditContext, auditSql } from '@labwright/audit';
import { type CreateSampleRequest, Sample, workflowErrors } from '@labwright/contract-workflows';
import { type Db, isUniqueViolation } from '@labwright/kernel/db';
import { commonErrors, type Fault } from '@labwright/kernel/errors';
import { rows } from '@labwright/kernel/statement';
import { sampleColumns } from './find-samples.ts';
import { findPlate } from './plates.ts';
import { fits, parseWell } from './wells.ts';

const insert = rows(
  'samples.create',
  Sample,
  `WITH made AS (
     INSERT INTO samples (id, barcode, sample_type, plate_id, well, volume_ul, metadata)
     VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *
   ), audit AS (
     ${auditSql({ action: `'sample.create'`, subject: `'sample:' || barcode`, after: 'to_jsonb(made)', context: '$8', from: 'made' })}
   )
   SELECT ${sampleColumns} FROM made AS samples`,
);

const byId = rows('samples.by_id', Sample, `SELECT ${sampleColumns} FROM samples WHERE id = $1`);

/**
 * Adds one sample. `actionId` becomes its id: the same request sent again after a crash finds the sample that it
 * made. Throws `invalid_sample`, `sample_exists`, `well_taken`; `idempotency_key_reused` where the key made another
 * sample more than 24 hours ago.
 */
export async function createSample(db: Db, actionId: string, request: CreateSampleRequest): Promise<Sample> {
  checkMetadata(request.metadata);
  await checkPlace(db, request);
  const { barcode, sample_type, plate_id = null, well = null, volume_ul = null, metadata = {} } = request;
  try {
    const made = await db.first(insert, [
      actionId,
      barcode,
      sample_type,
      plate_id,
      well,
      volume_ul,
      JSON.stringify(metadata),
      auditContext(),
    ]);
    if (!made) throw new Error('INSERT … RETURNING answered no row');
    return made;
  } catch (error) {
    if (isUniqueViolation(error, 'samples_pkey')) return madeBefore(db, actionId, barcode);
    if (isUniqueViolation(error, 'samples_barcode'))
      throw workflowErrors.problem(
        'sample_exists',
        `A sample with the barcode ${barcode} exists already; \`GET /samples/${encodeURIComponent(barcode)}\` shows it.`,
      );
    if (isUniqueViolation(error, 'samples_one_a_well'))
      throw workflowErrors.problem(
        'well_taken',
        `Another sample stands in well ${well} of plate ${plate_id}. Choose a free one.`,
      );
    throw error;
  }
}

async function madeBefore(db: Db, actionId: string, barcode: string): Promise<Sample> {
  const sample = await db.first(byId, [actionId]);
  if (sample?.barcode === barcode) return sample;
  throw commonErrors.problem(
    'idempotency_key_reused',
    'This Idempotency-Key has made another sample before. Use a new key for each sample.',
  );
}

/** Bytes of JSON. A page of samples and a whole plate carry them all, and have to fit into memory. */
const mostMetadata = 16_384;

function checkMetadata(metadata: CreateSampleRequest['metadata']): void {
  if (metadata === undefined || Buffer.byteLength(JSON.stringify(metadata)) <= mostMetadata) return;
  throw misplaced({
    path: 'body.metadata',
    message: `must not be larger than ${mostMetadata} bytes of JSON`,
  });
}

/** A plate that exists and a well on it, or neither. Plates never change, so this still holds at the insert. */
async function checkPlace(db: Db, { plate_id, well }: CreateSampleRequest): Promise<void> {
  if (plate_id === undefined && well === undefined) return;
  if (plate_id === undefined)
    throw misplaced({ path: 'body.plate_id', message: 'is required where well is given' });
  if (well === undefined)
    throw misplaced({ path: 'body.well', message: 'is required where plate_id is given' });
  const plate = await findPlate(db, plate_id);
  if (!plate) throw misplaced({ path: 'body.plate_id', message: `names no plate: ${plate_id}` });
  const place = parseWell(well);
  if (!place || !fits(place, plate))
    throw misplaced({
      path: 'body.well',
      message: `is not on plate ${plate_id}, which has ${plate.rows} rows and ${plate.columns} columns: ${well}`,
    });
}

function misplaced(fault: Fault) {
  return workflowErrors.problem('invalid_sample', `${fault.path} ${fault.message}`, { faults: [fault] });
}
