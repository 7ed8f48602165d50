import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStoreConformance } from '../../conformance/index.ts';
import { diskStore } from './index.ts';

fileStoreConformance('disk', async () => {
  const home = await mkdtemp(join(tmpdir(), 'labwright-files-'));
  return {
    open: (given) => diskStore({ ...given, folder: join(home, randomUUID()) }),
    close: () => rm(home, { recursive: true, force: true }),
  };
});
