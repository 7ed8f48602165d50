import { nullable } from '@labwright/kernel/http';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { FilesDeps } from '../deps.ts';

const page = 500;

// Primary key.
const known = rows(
  'files.known',
  Type.Object({ id: Type.String(), status: Type.String(), kept_key: nullable(Type.String()) }),
  'SELECT id, status, kept_key FROM files WHERE id = ANY($1::uuid[])',
);

/**
 * Deletes the bytes that belong to no file: of a process that died in between, of a policy that was used again after its file was
 * kept. What is younger than `orphanMs` is left alone: its row may be on its way. Answers how many.
 */
export async function sweepOrphans(
  { db, store, clock, settings, log }: FilesDeps,
  signal: AbortSignal,
): Promise<number> {
  let swept = 0;
  for (let after: string | null = null; !signal.aborted; ) {
    const { objects, next } = await store.list(after, page);
    const old = objects.filter(({ modifiedMs }) => modifiedMs <= clock.now() - settings.orphanMs);
    const files = await db.query(known, [[...new Set(old.map(({ id }) => id))]]);
    const fileOf = new Map(files.map((file) => [file.id, file]));
    for (const { key, place, id } of old) {
      const file = fileOf.get(id);
      const belongs =
        place === 'incoming'
          ? file?.status === 'expected' || file?.status === 'received'
          : file?.status === 'ready' && file.kept_key === key;
      if (belongs) continue;
      if (place === 'incoming') await store.discardIncoming(id);
      await store.remove(key);
      log.info({ key }, 'bytes that belonged to no file were deleted');
      swept += 1;
    }
    if (next === null) break;
    after = next;
  }
  return swept;
}
