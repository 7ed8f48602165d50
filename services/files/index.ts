import type { Announcer } from '@labwright/contract-hub/announce';
import { fileErrors } from '@labwright/contract-hub/files-errors';
import type { Handler } from '@labwright/jobs';
import type { Clock } from '@labwright/kernel/clock';
import type { MigrationSet } from '@labwright/kernel/migrate';
import type { Module, ServiceDeps } from '@labwright/kernel/service';
import { checkHandler } from './check/check-file.ts';
import { discardHandler } from './check/discard-file.ts';
import { filesQueue } from './check/task.ts';
import { defaultSettings, type FilesDeps, type FilesSettings } from './deps.ts';
import { readyFile } from './files/ready-file.ts';
import { readHandler } from './results/read-results.ts';
import { fileRoutes } from './routes.ts';
import { openSecret } from './secret.ts';
import type { FileStore } from './store.ts';
import { createSweep } from './sweep/index.ts';
import { expectUpload, takeArrived } from './uploads/complete-upload.ts';
import { piecesRoutes } from './uploads/pieces-route.ts';

export type { FilesSettings } from './deps.ts';
export type { FileStore } from './store.ts';

export const filesMigrations: MigrationSet = {
  name: 'files',
  folder: new URL('./migrations', import.meta.url).pathname,
};

/** Makes a store of what this process has at hand. */
export type OpenStore = (given: { clock: Clock; secret: () => Promise<string> }) => FileStore;

export interface FilesOptions {
  store: OpenStore;
  settings?: Partial<FilesSettings>;
  announcer?: Announcer;
}

export interface FilesModule extends Module {
  readonly jobs: { readonly queues: readonly string[]; readonly handlers: readonly Handler[] };
}

/** The database needs `filesMigrations`, `auditMigrations` and those of the jobs. Files of people and instruments: taken by signed policies, checked, kept, and read for results. */
export function createFiles(given: ServiceDeps, options: FilesOptions): FilesModule {
  const secret = openSecret(given.db);
  const store = options.store({ clock: given.clock, secret });
  const { announcer } = options;
  const deps: FilesDeps = {
    ...given,
    store,
    secret,
    announcer,
    settings: { ...defaultSettings, ...options.settings },
  };
  const sweep = createSweep(deps);
  return {
    name: 'files',
    errors: [fileErrors],
    routes: async (app) => {
      fileRoutes(deps)(app);
      piecesRoutes(deps)(app);
      await store.routes?.({
        expects: (id) => expectUpload(deps, id),
        arrived: (id) => takeArrived(deps, id),
        ready: (id) => readyFile(deps, id),
      })(app);
    },
    jobs: { queues: [filesQueue], handlers: [checkHandler(deps), readHandler(deps), discardHandler(deps)] },
    start: async () => {
      await store.start();
      await sweep.start();
    },
    stop: async () => {
      await sweep.stop();
      await store.stop();
    },
  };
}
