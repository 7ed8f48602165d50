import { loop, type Part } from '@labwright/kernel/lifecycle';
import type { CoreDeps } from '../deps.ts';
import { workflowEvents } from './events.ts';

/** Forgets events that are older than seven days. */
export function sweepEvents(deps: CoreDeps): Part {
  return loop({
    name: 'sweep of workflow events',
    idleMs: 60_000,
    log: deps.log,
    work: async (signal) => {
      await workflowEvents.trim(deps.db, signal);
    },
  });
}
