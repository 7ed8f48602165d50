import { loop, type Part } from '@labwright/kernel/lifecycle';
import type { FilesDeps } from '../deps.ts';
import { sweepOrphans } from './orphans.ts';
import { keepRetention } from './retention.ts';
import { seeToFiles } from './see-to.ts';

/** Sees to files again and again; the whole store is walked for bytes without a file once in `orphanMs`. */
export function createSweep(deps: FilesDeps): Part {
  let walkedAt = deps.clock.now();
  return loop({
    name: 'files sweep',
    idleMs: deps.settings.sweepMs,
    log: deps.log,
    work: async (signal) => {
      await seeToFiles(deps, signal);
      await keepRetention(deps, signal);
      if (deps.clock.now() - walkedAt < deps.settings.orphanMs) return;
      walkedAt = deps.clock.now();
      await sweepOrphans(deps, signal);
    },
  });
}
