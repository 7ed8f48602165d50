import type { Queryable } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';

/*
 * What the processes of one database tell each other about executions. What gets lost is found by looking, only later.
 *
 *     abort <execution log> <device>    somebody wants it stopped
 *     ended <execution log>             its outcome is known
 */

export const tidingsChannel = 'labwright_devices';

const tell = command('devices.executions.tell', `SELECT pg_notify('${tidingsChannel}', $1)`);

/** Within a transaction: when it is committed. */
export const tellAbort = async (tx: Queryable, { id, device_id }: { id: string; device_id: string }) => {
  await tx.execute(tell, [`abort ${id} ${device_id}`]);
};
export const tellEnded = async (tx: Queryable, { id }: { id: string }) => {
  await tx.execute(tell, [`ended ${id}`]);
};

export type Tiding = { kind: 'abort'; id: string; device_id: string } | { kind: 'ended'; id: string };

/** Undefined for what a newer version may tell. */
export function readTiding(payload: string): Tiding | undefined {
  const [kind, id, device_id] = payload.split(' ');
  if (kind === 'abort' && id && device_id) return { kind, id, device_id };
  return kind === 'ended' && id ? { kind, id } : undefined;
}
