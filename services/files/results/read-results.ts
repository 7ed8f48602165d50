import type { ResultFault, StoredFile } from '@labwright/contract-hub/files';
import { type Handler, handle } from '@labwright/jobs';
import type { Queryable } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';
import { readTask } from '../check/task.ts';
import type { FilesDeps } from '../deps.ts';
import { loadFile } from '../file-row.ts';
import { readyFile } from '../files/ready-file.ts';
import { tellOwner } from '../tidings.ts';
import { openText } from './lines.ts';
import { headBytes, parsers, type ReadResult, type ResultParser } from './registry.ts';

const insert = command(
  'files.insert_results',
  `INSERT INTO file_results (file_id, line, workflow_id, plate_id, device_id, well, measurement, value, unit, note)
   SELECT $1, line, $2, coalesce(plate_id, $3), $4, well, measurement, value, unit, note
   FROM unnest($5::integer[], $6::text[], $7::text[], $8::text[], $9::float8[], $10::text[], $11::text[])
     AS read (line, plate_id, well, measurement, value, unit, note)`,
);

const done = command(
  'files.results_done',
  `UPDATE files SET results_status = 'done', results_count = $2, look_at = NULL WHERE id = $1 AND results_status = 'pending'`,
);

const failed = command(
  'files.results_failed',
  `UPDATE files SET results_status = 'failed', results_reason = $2, faults = $3::jsonb, faults_count = $4, look_at = NULL
   WHERE id = $1 AND results_status = 'pending'`,
);

const batchRows = 1_000;
/** Faults that are told one by one. */
const mostFaults = 100;

/**
 *     pending ──every line can be read──► done: all its values are there
 *        └──one cannot──► failed: none is there, and `faults` says which lines
 *
 * The values, the state and the end of the job are one transaction, so a file is never read by halves or twice.
 */
export function readHandler(deps: FilesDeps): Handler {
  return handle(readTask, async ({ file_id: id }, job) => {
    const file = await loadFile(deps.db, id);
    const parser = parsers.find(({ name }) => name === file.parser);
    if (file.results_status !== 'pending' || !parser) return;
    const refused = await deps.db
      .transaction(async (tx) => {
        const read = await readInto(deps, tx, file, parser, job.signal);
        await tx.execute(done, [id, read]);
        if (!(await job.complete(tx))) throw new Error('The job was taken over.');
      })
      .then(
        () => undefined,
        (error) => {
          if (error instanceof Unreadable) return error;
          throw error;
        },
      );
    if (!refused) return;
    const { message, faults, count } = refused;
    await deps.db.transaction(async (tx) => {
      await tx.execute(failed, [id, message, JSON.stringify(faults), count]);
      await tellOwner(deps, tx, 'file.results_failed', file, message);
      if (!(await job.complete(tx))) throw new Error('The job was taken over.');
    });
  });
}

/** Takes the transaction back, and says why. */
class Unreadable extends Error {
  override readonly name = 'Unreadable';
  readonly faults: readonly ResultFault[];
  readonly count: number;
  constructor(message: string, faults: readonly ResultFault[] = [], count = 0) {
    super(message);
    this.faults = faults;
    this.count = count;
  }
}

async function readInto(
  deps: FilesDeps,
  tx: Queryable,
  file: StoredFile,
  parser: ResultParser,
  signal: AbortSignal,
): Promise<number> {
  const faults: ResultFault[] = [];
  let faultsCount = 0;
  let count = 0;
  let batch: ReadResult[] = [];
  const { kept_key: key } = await readyFile(deps, file.id);
  const head = await beginning(deps, key, file.size);
  const bytes = await deps.store.readKept(key);
  try {
    for await (const reading of parser.read(openText(head).rows(bytes))) {
      signal.throwIfAborted();
      if ('fault' in reading) {
        faultsCount += 1;
        if (faults.length < mostFaults) faults.push(reading.fault);
        continue;
      }
      count += 1;
      if (count > deps.settings.resultsPerFile)
        throw new Unreadable(`The file has more than ${deps.settings.resultsPerFile} values. Split it.`);
      // Where a line is at fault nothing is stored: the rest is only read for its faults.
      if (faultsCount === 0 && batch.push(reading.result) === batchRows) {
        await store(tx, file, batch);
        batch = [];
      }
    }
  } finally {
    bytes.destroy();
  }
  if (faultsCount > 0) {
    const first = faults[0];
    throw new Unreadable(
      `${faultsCount === 1 ? 'One line' : `${faultsCount} places`} cannot be read, first in line ${first?.line}: ${first?.column ? `${first.column} ` : ''}${first?.message}. No value was taken over: mend the file and upload it again.`,
      faults,
      faultsCount,
    );
  }
  if (count === 0) throw new Unreadable('There is no value in the file, only what stands around them.');
  if (batch.length > 0) await store(tx, file, batch);
  return count;
}

async function beginning({ store }: FilesDeps, key: string, size: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const range = { start: 0, end: Math.min(headBytes, size) - 1 };
  for await (const piece of (await store.readKept(key, range)) as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

function store(tx: Queryable, file: StoredFile, batch: readonly ReadResult[]): Promise<number> {
  const column = <K extends keyof ReadResult>(name: K) => batch.map((row) => row[name]);
  return tx.execute(insert, [
    file.id,
    file.workflow_id,
    file.plate_id,
    file.device_id,
    column('line'),
    column('plate_id'),
    column('well'),
    column('measurement'),
    column('value'),
    column('unit'),
    column('note'),
  ]);
}
