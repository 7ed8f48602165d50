import type { StoredFile } from '@labwright/contract-hub/files';
import { fileErrors } from '@labwright/contract-hub/files-errors';
import { rows } from '@labwright/kernel/statement';
import { ask, checkTask, jobLookMs } from '../check/task.ts';
import type { FilesDeps } from '../deps.ts';
import { FileRow, fileColumns, loadFile } from '../file-row.ts';
import { alreadyUsed } from './already-used.ts';

const receive = rows(
  'files.receive',
  FileRow,
  `UPDATE files SET status = 'received', look_at = $2::timestamptz WHERE id = $1 AND status = 'expected'
   RETURNING ${fileColumns}`,
);

/**
 * The bytes are there: says whoever sent them, who received them, or the sweep that found them. What they are is seen by the check,
 * a job of the same transaction. Said again: the file as it stands. Throws `upload_incomplete`, `upload_expired`.
 */
export async function completeUpload(deps: FilesDeps, id: string): Promise<StoredFile> {
  return (await complete(deps, id)).file;
}

/** For who received them: throws `upload_used` where another file was there before. */
export async function takeArrived(deps: FilesDeps, id: string): Promise<void> {
  if (!(await complete(deps, id)).fresh) throw alreadyUsed(id);
}

async function complete(deps: FilesDeps, id: string): Promise<{ file: StoredFile; fresh: boolean }> {
  const file = await loadFile(deps.db, id);
  if (file.status === 'expired') throw expired(file);
  if (file.status !== 'expected') return { file, fresh: false };
  const bytes = (await deps.store.arrived(id)) ?? 0;
  // In pieces it is there from its first piece on. One that is too large comes to its end in the check.
  if (bytes < file.size)
    throw fileErrors.problem(
      'upload_incomplete',
      `${bytes} of ${file.size} bytes of ${file.name} are there. Send the rest first.`,
    );
  const received = await deps.db.transaction(async (tx) => {
    const changed = await tx.first(receive, [id, new Date(deps.clock.now() + jobLookMs)]);
    if (changed) await ask(tx, checkTask, id);
    return changed;
  });
  return received ? { file: received, fresh: true } : { file: await loadFile(deps.db, id), fresh: false };
}

/** Throws `upload_used`, `upload_expired` and `file_not_found` where nothing is expected any more. */
export async function expectUpload(deps: FilesDeps, id: string): Promise<void> {
  const file = await loadFile(deps.db, id);
  if (file.status === 'expired') throw expired(file);
  if (file.status !== 'expected') throw alreadyUsed(id);
}

const expired = ({ expires_at }: StoredFile) =>
  fileErrors.problem(
    'upload_expired',
    `This upload had to be made before ${expires_at}. Ask for another one.`,
  );
