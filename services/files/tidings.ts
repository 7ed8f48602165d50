import { createHash } from 'node:crypto';
import type { StoredFile } from '@labwright/contract-hub/files';
import type { Queryable } from '@labwright/kernel/db';
import type { FilesDeps } from './deps.ts';

/** What the owner of a file would not know otherwise: both are found out after the answer. */
export type Tidings = 'file.rejected' | 'file.results_failed';

const titles: Record<Tidings, string> = {
  'file.rejected': 'A file was not taken',
  'file.results_failed': 'No results could be read in a file',
};

/** Tells the owner in the caller's transaction; once, however often. */
export async function tellOwner(
  { announcer, clock }: Pick<FilesDeps, 'announcer' | 'clock'>,
  tx: Queryable,
  type: Tidings,
  file: StoredFile,
  why: string,
): Promise<void> {
  await announcer?.announce(tx, {
    id: idOf(type, file.id),
    type,
    severity: 'warning',
    title: titles[type],
    text: `${file.name}: ${why}`,
    link: `/files/${file.id}`,
    subject: {
      ...(file.device_id ? { device_id: file.device_id } : {}),
      ...(file.workflow_id ? { workflow_id: file.workflow_id } : {}),
    },
    recipients: [file.owner_id],
    occurred_at: new Date(clock.now()).toISOString(),
  });
}

/** A version 8 UUID (RFC 9562): the same for the same file and tidings. */
function idOf(type: Tidings, id: string): string {
  const hex = createHash('sha256').update(`${type} ${id}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
