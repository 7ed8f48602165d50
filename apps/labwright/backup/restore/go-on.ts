import { recordAudit } from '@labwright/audit';
import { furtherTokens, resumeRestoredDevices } from '@labwright/devices/after-restore';
import { beginFeedEpoch } from '@labwright/feed';
import { deletedSince } from '@labwright/files/safekeeping';
import { systemPrincipal } from '@labwright/kernel/identity';
import { raiseTokensOfWorkflows } from '@labwright/workflows/after-restore';
import type pg from 'pg';
import { queryableOf } from '../connect.ts';
import type { Head, Manifest } from '../contents.ts';
import type { ServiceName } from '../services.ts';

/**
 * What a laboratory needs beside its rows to go on in another place and at a later time (decision 32), in the transactions of the restore.
 * Answers the devices that were paused.
 */
export async function prepareToGoOn(
  clients: ReadonlyMap<ServiceName, pg.Client>,
  { id, taken_at, databases }: Head,
  { files }: Manifest,
  goOn: boolean,
): Promise<string[]> {
  let held: string[] = [];
  for (const [service, client] of clients) {
    const tx = queryableOf(client);
    // No service was ever started with it: it makes its tables when it is.
    if (databases.find((database) => database.service === service)?.tables.length === 0) continue;
    await beginFeedEpoch(tx);
    if (service === 'hub-service') await deletedSince(tx, files.deleted);
    if (service === 'workflow-service') await raiseTokensOfWorkflows(tx, furtherTokens);
    if (service === 'device-service')
      held = await resumeRestoredDevices(tx, {
        goOn,
        reason: `restored from a backup of ${taken_at}: what it did since then is not known here`,
      });
    await recordAudit(tx, {
      action: 'laboratory.restore',
      subject: 'laboratory',
      actor: systemPrincipal,
      after: { backup: id, taken_at, ...(service === 'device-service' ? { paused: held } : {}) },
    });
  }
  return held;
}
