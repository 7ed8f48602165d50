import { type StoredFile, StoredFile as StoredFileSchema } from '@labwright/contract-hub/files';
import { fileErrors } from '@labwright/contract-hub/files-errors';
import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';

/** A row of `files` as the wire has it. */
export const FileRow = StoredFileSchema;

export const fileColumns = `id, name, content_type, size::float8 AS size, sha256, owner_id, owner_name, workflow_id, plate_id, device_id,
  status, status_reason, results_status, results_reason, parser, results_count, faults, faults_count,
  expires_at, created_at, ready_at, delete_at, deleted_at`;

// Primary key.
const find = rows('files.find', FileRow, `SELECT ${fileColumns} FROM files WHERE id = $1`);
const lock = rows('files.lock', FileRow, `SELECT ${fileColumns} FROM files WHERE id = $1 FOR UPDATE`);

/** Throws `file_not_found`. */
export async function loadFile(db: Queryable, id: string): Promise<StoredFile> {
  const found = await db.first(find, [id]);
  if (!found) throw noSuchFile(id);
  return found;
}

/** The file, held until the end of the transaction. Throws `file_not_found`. */
export async function lockFile(tx: Queryable, id: string): Promise<StoredFile> {
  const found = await tx.first(lock, [id]);
  if (!found) throw noSuchFile(id);
  return found;
}

const noSuchFile = (id: string) =>
  fileErrors.problem('file_not_found', `There is no file ${id}. GET /files lists them.`);
