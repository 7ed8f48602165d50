import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { FilesDeps } from '../deps.ts';

// Primary key.
const find = rows(
  'files.usage_of',
  Type.Object({ bytes: Type.Number(), open_uploads: Type.Integer() }),
  'SELECT bytes::float8 AS bytes, open_uploads FROM file_usage WHERE owner_id = $1',
);

/** What a person has of the storage, and may have. */
export async function usageOf(
  { db, settings }: { db: Queryable; settings: FilesDeps['settings'] },
  ownerId: string,
) {
  const { bytes, open_uploads } = (await db.first(find, [ownerId])) ?? { bytes: 0, open_uploads: 0 };
  return {
    owner_id: ownerId,
    bytes,
    quota_bytes: settings.quotaBytes,
    open_uploads,
    open_uploads_limit: settings.openUploads,
  };
}
