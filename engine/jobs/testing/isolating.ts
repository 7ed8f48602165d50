/** A process with a child whose handler never lets go, for tests that kill it: `isolating.ts FILE`. */
import { silentLog } from '@labwright/kernel/log';
import { openIsolation } from '../isolation/index.ts';
import { mark } from './isolated.ts';

if (process.argv[2]) {
  const modules = [import.meta.resolve('./isolated.ts')];
  const isolation = openIsolation({ modules, kind: 'process', size: 1, log: silentLog });
  await isolation.isolated(mark).run(
    { file: process.argv[2] },
    {
      id: '1',
      attempt: 1,
      key: null,
      signal: new AbortController().signal,
      log: silentLog,
      progress: () => {},
      complete: async () => true,
    },
  );
}
