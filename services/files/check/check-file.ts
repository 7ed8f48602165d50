import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { StoredFile } from '@labwright/contract-hub/files';
import { type Handler, handle, type JobContext } from '@labwright/jobs';
import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { FilesDeps } from '../deps.ts';
import { loadFile } from '../file-row.ts';
import { headBytes, parserFor } from '../results/registry.ts';
import { tellOwner } from '../tidings.ts';
import { contradiction } from './sniff.ts';
import { ask, checkTask, discardTask, jobLookMs, readTask } from './task.ts';

const accept = command(
  'files.accept',
  `UPDATE files SET status = 'ready', ready_at = $2::timestamptz, parser = $3, results_status = $4::file_results_status,
                    results_reason = $5, look_at = $6::timestamptz, kept_key = $7
   WHERE id = $1 AND status = 'received'`,
);

const reject = command(
  'files.reject',
  `UPDATE files SET status = 'rejected', status_reason = $2, look_at = NULL WHERE id = $1 AND status = 'received'`,
);

const wish = rows(
  'files.results_wanted',
  Type.Object({ results_wanted: Type.Enum(['auto', 'required', 'none']) }),
  'SELECT results_wanted FROM files WHERE id = $1',
);

/**
 *     received ──a copy that nobody else can write is put into `kept`, and read──┐
 *        ┌──size, SHA-256 and type are as announced──────────────────────────────┤
 *        ▼                                                                       ▼
 *     ready, and a job where there are results to read        rejected, and a job that deletes it
 *
 * Done twice, there are two copies; one of them is recorded, and the sweep finds the other.
 */
export function checkHandler(deps: FilesDeps): Handler {
  return handle(checkTask, async ({ file_id: id }, job) => {
    const file = await loadFile(deps.db, id);
    if (file.status !== 'received') return;
    const { fault, key, head } = await look(deps, file, job.signal);
    await deps.db.transaction(async (tx) => {
      if (fault === undefined) await admit(deps, tx, file, key, head);
      else await refuse(deps, tx, file, fault);
      // Not this worker's any more: whoever has it now does it again.
      if (!(await job.complete(tx))) throw new Error('The job was taken over.');
    });
    if (fault === undefined) await deps.store.discardIncoming(id);
    else if (key !== '') await deps.store.remove(key);
  });
}

interface Look {
  fault?: string;
  key: string;
  head: Buffer;
}

async function look({ store }: FilesDeps, file: StoredFile, signal: JobContext['signal']): Promise<Look> {
  const key = await store.keep(file.id);
  if (key === undefined)
    return { fault: 'Its bytes are not there any more.', key: '', head: Buffer.alloc(0) };
  const { bytes, sha256, head } = await digest(await store.readKept(key), file.size, signal);
  const fault =
    bytes !== file.size
      ? `${file.size} bytes were announced, and other ones came.`
      : sha256 !== file.sha256
        ? `Its SHA-256 is ${sha256}, not the one that was announced.`
        : contradiction(file.content_type, head);
  return { key, head, ...(fault === undefined ? {} : { fault }) };
}

/** Reads no more than one piece beyond `most`. */
async function digest(source: Readable, most: number, signal: AbortSignal) {
  const hash = createHash('sha256');
  const first: Buffer[] = [];
  let bytes = 0;
  for await (const piece of source as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    hash.update(piece);
    if (bytes < headBytes) first.push(piece.subarray(0, headBytes - bytes));
    bytes += piece.length;
    if (bytes > most) break;
  }
  return { bytes, sha256: hash.digest('hex'), head: Buffer.concat(first) };
}

async function refuse(deps: FilesDeps, tx: Queryable, file: StoredFile, fault: string): Promise<void> {
  const why = `${fault} Nothing was kept: send it again as another upload.`;
  await tx.execute(reject, [file.id, why]);
  await tellOwner(deps, tx, 'file.rejected', file, why);
  await ask(tx, discardTask, file.id);
}

async function admit(
  deps: FilesDeps,
  tx: Queryable,
  file: StoredFile,
  key: string,
  head: Buffer,
): Promise<void> {
  const wanted = (await tx.first(wish, [file.id]))?.results_wanted ?? 'none';
  const parser = wanted === 'none' ? undefined : parserFor(head);
  const unknown = wanted === 'required' && !parser;
  const now = deps.clock.now();
  await tx.execute(accept, [
    file.id,
    new Date(now),
    parser?.name ?? null,
    parser ? 'pending' : unknown ? 'failed' : 'none',
    unknown ? 'No parser knows a file of this form. The file is kept as it is.' : null,
    parser ? new Date(now + jobLookMs) : null,
    key,
  ]);
  if (parser) await ask(tx, readTask, file.id);
}
