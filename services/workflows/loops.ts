import { group, type Part } from '@labwright/kernel/lifecycle';
import { backgroundLoop } from './background.ts';
import { conduct } from './conductor/conduct.ts';
import { createRests } from './conductor/rests.ts';
import type { CoreDeps } from './deps.ts';
import { takeInPage } from './feed/follow.ts';
import { repair } from './repair/repair.ts';

/** Milliseconds between two reads of the feed, each of which waits for news itself. */
const betweenReads = 50;

/** What goes on without being asked: the follower of the feed, the repair loop and the conductor. */
export function createLoops(deps: CoreDeps): { part: Part; wakeRepair(): void; wakeConductor(): void } {
  const follower = backgroundLoop(deps, {
    name: 'follower of device-service',
    idleMs: betweenReads,
    work: async (signal) => {
      try {
        while (!signal.aborted && (await takeInPage(deps, deps.settings.feedWaitSeconds, signal)) > 0);
      } catch (error) {
        deps.figures.feed.lost();
        throw error;
      }
    },
  });
  const repairs = backgroundLoop(deps, {
    name: 'repair of workflows',
    idleMs: deps.settings.repairMs,
    work: (signal) => repair(deps, signal),
  });
  const rests = createRests(deps.clock);
  const conductor = backgroundLoop(deps, {
    name: 'conductor of workflows',
    idleMs: deps.settings.repairMs,
    work: (signal) => conduct(deps, rests, signal),
  });
  return {
    part: group('workflows', [repairs, conductor, follower], deps.log),
    wakeRepair: () => repairs.poke(),
    wakeConductor: () => conductor.poke(),
  };
}
