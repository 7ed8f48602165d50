import { recordAudit } from '@labwright/audit';
import { ImportAnswer, workflowErrors } from '@labwright/contract-workflows';
import type { Clock } from '@labwright/kernel/clock';
import type { Db } from '@labwright/kernel/db';
import { commonErrors } from '@labwright/kernel/errors';
import { bodyDigest } from '@labwright/kernel/http';
import type { Log } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { checkRow } from './check-row.ts';
import { csvRows } from './csv-rows.ts';
import { type ImportFault, type ImportRow, readHeader } from './read-row.ts';
import {
  bulk,
  claimAndLookUp,
  clearStaging,
  moveIntoSamples,
  newImportId,
  stageRows,
  sweepStaging,
} from './staging.ts';
import type { Upload } from './upload.ts';

/**
 * One file becomes samples:
 *
 *     check      every row, in batches: shape, then claims within the file, then what is there already
 *     lay by     the good rows, in tables of their own; short transactions, nobody else sees them
 *     move       one transaction: the record of the import, the plates, the samples; all or nothing
 *
 * Between check and move others may take a barcode, a well or the id of a plate. The move then finds fewer rows
 * than it should, is given up, and the file is checked again: now the check names them.
 */

export interface ImportOptions {
  /** Import the good rows of a file that has bad ones. */
  partial: boolean;
  /** Make the plates that do not exist. */
  createPlates: boolean;
}

export interface ImportDeps {
  db: Db;
  log: Log;
  clock: Clock;
}

type Answer = Static<typeof ImportAnswer>;

const batchRows = 2_000;
const listedFaults = 1_000;
/** Each further try means that others changed the same barcodes, wells or plates while the file was checked. */
const maxTries = 5;

const find = rows(
  'samples.import.find',
  Type.Object({ sha256: Type.String(), answer: ImportAnswer }),
  'SELECT sha256, answer FROM sample_imports WHERE id = $1',
);

const record = command(
  'samples.import.record',
  'INSERT INTO sample_imports (id, sha256, answer) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
);

const forget = command(
  'samples.import.forget',
  `DELETE FROM sample_imports WHERE created_at < now() - interval '7 days'`,
);

/**
 * Imports a file. The same request sent again (`actionId`) gets the answer that it got. Throws `import_unreadable`,
 * `import_rejected` (with `rejected` and `faults`) and `overloaded`; nothing was imported then.
 */
export function importSamples(
  deps: ImportDeps,
  actionId: string,
  upload: Upload,
  options: ImportOptions,
): Promise<Answer> {
  return upload.use(async (read) => {
    await Promise.all([sweepStaging(deps.db, deps.clock), deps.db.execute(forget)]);
    for (let tries = 0; tries < maxTries; tries += 1) {
      const answer =
        (await answeredBefore(deps.db, actionId, upload)) ??
        (await tryImport(deps, actionId, upload[bodyDigest], read(), options));
      if (answer) return answer;
    }
    throw commonErrors.problem(
      'overloaded',
      'Others keep adding the same samples or plates; nothing was imported. Send the file again shortly.',
      { retryAfter: 5 },
    );
  });
}

async function answeredBefore(db: Db, actionId: string, upload: Upload): Promise<Answer | undefined> {
  const before = await db.first(find, [actionId]);
  if (before && before.sha256 !== upload[bodyDigest])
    throw commonErrors.problem(
      'idempotency_key_reused',
      'This Idempotency-Key has imported another file before. Use a new key for each file.',
    );
  return before?.answer;
}

/** Undefined where others were quicker. */
async function tryImport(
  deps: ImportDeps,
  actionId: string,
  sha256: string,
  file: AsyncIterable<Buffer>,
  options: ImportOptions,
): Promise<Answer | undefined> {
  const importId = newImportId(deps.clock);
  try {
    const { good, rejected, faults } = await checkFile(deps.db, importId, file, options);
    if (rejected > 0 && !options.partial)
      throw workflowErrors.problem(
        'import_rejected',
        `${count(rejected, 'row')} of ${good + rejected} cannot be imported, so none was. Mend them, or import the others with ?partial=true.`,
        { extra: { imported: 0, rejected, faults } },
      );
    const message = `${count(good, 'sample')} imported${rejected > 0 ? `, ${count(rejected, 'row')} rejected` : ''}.`;
    const answer = { message, imported: good, rejected, faults };
    return good === 0 || (await move(deps.db, importId, actionId, sha256, answer)) ? answer : undefined;
  } finally {
    // What stays behind is swept by an import of another day; the answer does not depend on it.
    await clearStaging(deps.db, importId).catch((error) =>
      deps.log.warn({ err: error }, 'what an import had laid by could not be cleared away'),
    );
  }
}

interface Checked {
  good: number;
  rejected: number;
  /** The first 1,000, in the order of lines. */
  faults: ImportFault[];
}

async function checkFile(
  db: Db,
  importId: string,
  file: AsyncIterable<Buffer>,
  options: ImportOptions,
): Promise<Checked> {
  const sum: Checked = { good: 0, rejected: 0, faults: [] };
  for await (const batch of batches(file)) {
    const known = await claimAndLookUp(db, importId, batch);
    const checked = batch.map((row) => checkRow(row, known.get(row.line), options.createPlates));
    const good = checked.filter(({ faults }) => faults.length === 0);
    sum.good += good.length;
    sum.rejected += checked.length - good.length;
    for (const { faults } of checked) sum.faults.push(...faults.slice(0, listedFaults - sum.faults.length));
    if (sum.rejected === 0 || options.partial) await stageRows(db, importId, good);
  }
  return sum;
}

async function* batches(file: AsyncIterable<Buffer>): AsyncGenerator<ImportRow[]> {
  let read: ReturnType<typeof readHeader> | undefined;
  let batch: ImportRow[] = [];
  for await (const row of csvRows(file)) {
    if (!read) read = readHeader(row);
    else batch.push(read(row));
    if (batch.length === batchRows) {
      yield batch;
      batch = [];
    }
  }
  if (!read)
    throw workflowErrors.problem(
      'import_unreadable',
      'The file is empty. Its first line must name the columns.',
    );
  if (batch.length > 0) yield batch;
}

/** False where others were quicker, with a barcode, a well, a plate or this very request; then nothing is changed. */
async function move(
  db: Db,
  importId: string,
  actionId: string,
  sha256: string,
  answer: Answer,
): Promise<boolean> {
  const overtaken = new Error('others were quicker');
  try {
    await db.transaction(async (tx) => {
      const first = (await tx.execute(record, [actionId, sha256, JSON.stringify(answer)])) === 1;
      if (!first || !(await moveIntoSamples(tx, importId, answer.imported))) throw overtaken;
      // The file by its hash, which names each of its samples.
      await recordAudit(tx, {
        action: 'sample.import',
        subject: `import:${actionId}`,
        after: { imported: answer.imported, rejected: answer.rejected, sha256 },
      });
    }, bulk);
    return true;
  } catch (error) {
    if (error === overtaken) return false;
    throw error;
  }
}

const count = (number: number, thing: string) => `${number} ${thing}${number === 1 ? '' : 's'}`;
