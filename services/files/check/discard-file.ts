import { type Handler, handle } from '@labwright/jobs';
import type { FilesDeps } from '../deps.ts';
import { loadFile } from '../file-row.ts';
import { keptKey } from '../files/ready-file.ts';
import { discardTask } from './task.ts';

/** Deletes the bytes of a file that has come to its end, wherever they are. */
export function discardHandler(deps: FilesDeps): Handler {
  return handle(discardTask, async ({ file_id: id }) => {
    const { status } = await loadFile(deps.db, id);
    if (status === 'expected' || status === 'received' || status === 'ready') return;
    await deps.store.discardIncoming(id);
    const key = await keptKey(deps.db, id);
    if (key !== null) await deps.store.remove(key);
  });
}
