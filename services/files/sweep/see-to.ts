import { isProblem } from '@labwright/kernel/errors';
import { command, rows } from '@labwright/kernel/statement';
import { ask, checkTask, discardTask, readTask } from '../check/task.ts';
import type { FilesDeps } from '../deps.ts';
import { FileRow, fileColumns } from '../file-row.ts';
import { completeUpload } from '../uploads/complete-upload.ts';

/** Files a statement. */
const batch = 100;
/** Milliseconds until the next look: as long again as it has waited, so that a day's upload is looked at some ten times. */
const leastWaitMs = 60_000;
/** Milliseconds that a form which began in time may still take. */
const graceMs = 660_000;

/** Index files_to_see_to. Several processes share the work: each takes what no other has in hand. */
const claim = rows(
  'files.claim_to_see_to',
  FileRow,
  `UPDATE files SET look_at = least($1::timestamptz + greatest($3 * interval '1 ms', $1::timestamptz - created_at),
                                    greatest(expires_at, $1::timestamptz) + $4 * interval '1 ms')
   WHERE id IN (SELECT id FROM files WHERE look_at <= $1::timestamptz ORDER BY look_at LIMIT $2 FOR UPDATE SKIP LOCKED)
   RETURNING ${fileColumns}`,
);

const expire = command(
  'files.expire',
  `UPDATE files SET status = 'expired', status_reason = $2, look_at = NULL WHERE id = $1 AND status = 'expected'`,
);

/**
 * Looks after what did not go on by itself: bytes that are there and nobody said so, uploads whose time is over, jobs that did not
 * come to their end.
 */
export async function seeToFiles(deps: FilesDeps, signal: AbortSignal): Promise<void> {
  const now = new Date(deps.clock.now());
  for (let found = batch; found === batch && !signal.aborted; ) {
    const claimed = await deps.db.query(claim, [now, batch, leastWaitMs, graceMs]);
    found = claimed.length;
    for (const file of claimed) {
      if (signal.aborted) return;
      await seeTo(deps, file).catch((error) =>
        deps.log.warn({ err: error, file_id: file.id }, 'a file could not be seen to; it will be again'),
      );
    }
  }
}

async function seeTo(deps: FilesDeps, file: (typeof claim)['row'] & object): Promise<void> {
  if (file.status === 'received') return void (await ask(deps.db, checkTask, file.id));
  if (file.status === 'ready') return void (await ask(deps.db, readTask, file.id));
  try {
    await completeUpload(deps, file.id);
  } catch (error) {
    if (!isProblem(error, 'upload_incomplete')) throw error;
    if (Date.parse(file.expires_at) + graceMs <= deps.clock.now()) await giveUp(deps, file.id);
  }
}

/** Its bytes, if any, go by a job of the same transaction. */
async function giveUp({ db }: FilesDeps, id: string): Promise<void> {
  await db.transaction(async (tx) => {
    const changed = await tx.execute(expire, [id, 'Its bytes did not come in time.']);
    if (changed > 0) await ask(tx, discardTask, id);
  });
}
