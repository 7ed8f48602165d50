import { fileErrors } from '@labwright/contract-hub/files-errors';
import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { FilesDeps } from '../deps.ts';
import { loadFile } from '../file-row.ts';
import type { ReadyFile } from '../store.ts';

// Primary key.
const find = rows(
  'files.kept_key',
  Type.Object({ kept_key: nullable(Type.String()) }),
  'SELECT kept_key FROM files WHERE id = $1',
);

/** Where the checked bytes of a file are, or were; null where none were ever. */
export async function keptKey(db: Queryable, id: string): Promise<string | null> {
  return (await db.first(find, [id]))?.kept_key ?? null;
}

/** A file whose bytes may be fetched. Throws `file_deleted` and `file_not_ready`. */
export async function readyFile({ db }: FilesDeps, id: string): Promise<ReadyFile> {
  const file = await loadFile(db, id);
  if (file.status === 'deleted')
    throw fileErrors.problem('file_deleted', `${file.name} was deleted at ${file.deleted_at}.`);
  const kept_key = await keptKey(db, id);
  if (file.status !== 'ready' || kept_key === null)
    throw fileErrors.problem(
      'file_not_ready',
      `${file.name} is ${file.status}${file.status_reason ? `: ${file.status_reason}` : '; it cannot be fetched yet.'}`,
      { extra: { file_status: file.status } },
    );
  return { ...file, kept_key };
}
