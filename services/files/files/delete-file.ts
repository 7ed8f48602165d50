import { recordAudit } from '@labwright/audit';
import type { StoredFile } from '@labwright/contract-hub/files';
import type { Principal } from '@labwright/kernel/identity';
import { rows } from '@labwright/kernel/statement';
import { ask, discardTask } from '../check/task.ts';
import type { FilesDeps } from '../deps.ts';
import { FileRow, fileColumns, lockFile } from '../file-row.ts';
import { checkOwner } from './check-owner.ts';

const remove = rows(
  'files.delete',
  FileRow,
  `UPDATE files SET status = 'deleted', deleted_at = $2::timestamptz, deleted_by = $3, status_reason = $4, look_at = NULL,
                    results_status = CASE WHEN results_status = 'pending' THEN 'none' ELSE results_status END
   WHERE id = $1 RETURNING ${fileColumns}`,
);

const withdraw = rows(
  'files.withdraw',
  FileRow,
  `UPDATE files SET status = 'expired', status_reason = $2, look_at = NULL WHERE id = $1 RETURNING ${fileColumns}`,
);

/**
 * The bytes go, by a job of the same transaction; the row and the results stay. An upload that is not ready yet is withdrawn.
 * Again: the file as it stands. Throws `not_your_file`.
 */
export function deleteFile(deps: FilesDeps, id: string, who: Principal): Promise<StoredFile> {
  return deps.db.transaction(async (tx) => {
    const file = await lockFile(tx, id);
    checkOwner(file, who);
    const by = `By ${who.name}.`;
    const open = file.status === 'expected' || file.status === 'received';
    if (!open && file.status !== 'ready') return file;
    const changed = open
      ? await tx.first(withdraw, [id, `Withdrawn. ${by}`])
      : await tx.first(remove, [id, new Date(deps.clock.now()), who.id, by]);
    await ask(tx, discardTask, id);
    await recordAudit(tx, {
      action: 'file.delete',
      subject: `file:${id}`,
      before: file,
      after: changed ?? file,
    });
    return changed ?? file;
  });
}
