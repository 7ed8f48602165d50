import { recordAudit } from '@labwright/audit';
import { command, rows } from '@labwright/kernel/statement';
import { ask, discardTask } from '../check/task.ts';
import type { FilesDeps } from '../deps.ts';
import { FileRow, fileColumns } from '../file-row.ts';

const batch = 100;
/** Days that a row is kept which came to nothing. */
const failedDays = 30;

// Index files_to_delete.
const overdue = rows(
  'files.delete_overdue',
  FileRow,
  `UPDATE files SET status = 'deleted', deleted_at = $1::timestamptz, deleted_by = 'system', status_reason = 'Its time was over.', look_at = NULL,
                    results_status = CASE WHEN results_status = 'pending' THEN 'none' ELSE results_status END
   WHERE id IN (SELECT id FROM files WHERE status = 'ready' AND delete_at <= $1::timestamptz
                ORDER BY delete_at LIMIT $2 FOR UPDATE SKIP LOCKED)
   RETURNING ${fileColumns}`,
);

// Index files_come_to_nothing.
const forget = command(
  'files.forget',
  `DELETE FROM files WHERE id IN (SELECT id FROM files WHERE status IN ('rejected', 'expired')
     AND created_at < $1::timestamptz - $2 * interval '1 day' ORDER BY created_at LIMIT $3 FOR UPDATE SKIP LOCKED)`,
);

/** Deletes the files whose days are over, and forgets the uploads that came to nothing. */
export async function keepRetention({ db, clock }: FilesDeps, signal: AbortSignal): Promise<void> {
  const now = new Date(clock.now());
  for (let found = batch; found === batch && !signal.aborted; )
    found = await db.transaction(async (tx) => {
      const deleted = await tx.query(overdue, [now, batch]);
      for (const after of deleted) {
        await ask(tx, discardTask, after.id);
        await recordAudit(tx, {
          action: 'file.delete',
          subject: `file:${after.id}`,
          reason: 'Its time was over.',
          after,
        });
      }
      return deleted.length;
    });
  for (let found = batch; found === batch && !signal.aborted; )
    found = await db.execute(forget, [now, failedDays, batch]);
}
