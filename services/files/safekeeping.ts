import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';

const Recorded = Type.Object({
  id: Type.String(),
  status: Type.String(),
  kept_key: Type.Union([Type.String(), Type.Null()]),
  size: Type.Number(),
  sha256: Type.String(),
});

/** A file whose bytes belong to the laboratory: served, or on their way to be. */
export type RecordedFile = Static<typeof Recorded>;

const columns = 'id::text AS id, status::text AS status, kept_key, size::float8 AS size, sha256';

/** Index: the primary key. */
const page = rows(
  'files.on_record',
  Recorded,
  `SELECT ${columns} FROM files
   WHERE id > $1 AND status IN ('expected', 'received', 'ready') ORDER BY id LIMIT 500`,
);

const one = rows('files.one_on_record', Recorded, `SELECT ${columns} FROM files WHERE id = $1`);

/** What a backup has to hold, page by page: of the moment that `tx` shows. */
export async function* filesOnRecord(tx: Queryable): AsyncGenerator<RecordedFile> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const found = await tx.query(page, [after]);
    yield* found;
    const last = found.at(-1);
    if (!last) return;
    after = last.id;
  }
}

const sum = rows(
  'files.sum_on_record',
  Type.Object({ count: Type.Number(), bytes: Type.Number() }),
  `SELECT count(*)::float8 AS count, coalesce(sum(size), 0)::float8 AS bytes FROM files
   WHERE status IN ('expected', 'received', 'ready')`,
);

/** How many those are, and their bytes. */
export const sumOnRecord = async (tx: Queryable): Promise<{ count: number; bytes: number }> =>
  (await tx.first(sum)) ?? { count: 0, bytes: 0 };

/** How a file stands there; undefined where it is forgotten. */
export const fileOnRecord = (db: Queryable, id: string): Promise<RecordedFile | undefined> =>
  db.first(one, [id]);

const forget = command(
  'files.deleted_since',
  `UPDATE files SET status = 'deleted', deleted_at = clock_timestamp(), deleted_by = 'system', look_at = NULL,
                    results_status = CASE WHEN results_status = 'pending' THEN 'none' ELSE results_status END
   WHERE id = ANY ($1::uuid[]) AND status = 'ready'`,
);

/** For a restore: files that were deleted between the moment of the backup and the copy of their bytes stay deleted. */
export const deletedSince = (tx: Queryable, ids: readonly string[]): Promise<number> =>
  tx.execute(forget, [ids]);
