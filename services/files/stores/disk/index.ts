import type { Clock } from '@labwright/kernel/clock';
import { makeHome } from '@labwright/kernel/folder';
import { FileStore as PiecesOnDisk } from '@tus/file-store';
import { linkPath, signLink } from '../../downloads/signed-link.ts';
import type { FileStore } from '../../store.ts';
import { formSigner } from '../../uploads/own-signers.ts';
import { signPolicy } from '../../uploads/policy.ts';
import { downloadRoute } from './download-route.ts';
import { openFolder } from './folder.ts';
import { formPath, formRoute } from './form-route.ts';
import { type ReceiveLimits, receiver, usualLimits } from './receive.ts';

export interface DiskStoreOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly secret: () => Promise<string>;
  readonly limits?: Partial<ReceiveLimits>;
}

/**
 * Files in a folder of this machine, or of one that all processes of hub-service share. The process itself is the server that
 * forms are sent to and links lead to.
 */
export function diskStore({ folder: path, clock, secret, limits }: DiskStoreOptions): FileStore {
  const folder = openFolder(path);
  const pieces = new PiecesOnDisk({ directory: folder.incoming });
  const receive = receiver(folder, { ...usualLimits, ...limits });
  return {
    name: 'disk',
    start: () => makeHome('FILES_FOLDER', path, ['incoming', 'kept']),
    stop: async () => {},
    form: async (terms) => ({ url: formPath, fields: signPolicy(terms, formSigner(await secret())) }),
    arrived: folder.arrived,
    keep: folder.keep,
    readKept: folder.readKept,
    discardIncoming: folder.discardIncoming,
    list: folder.list,
    remove: folder.remove,
    link: async (file, expiresMs) => `${linkPath(file.id)}?${signLink(await secret(), file.id, expiresMs)}`,
    pieces: { store: async () => pieces, idOf: (id) => id },
    routes: (served) => (app) => {
      formRoute({ ...served, clock, secret, receive })(app);
      downloadRoute({ ...served, clock, secret, folder })(app);
    },
  };
}
