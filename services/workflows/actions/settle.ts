import { command } from '@labwright/kernel/statement';
import type { CoreDeps } from '../deps.ts';
import type { Held } from './claim.ts';
import { noteLostRequest } from './lost-requests.ts';

/*
 * How a claim ends, or goes on, when nothing is to be recorded. Each is guarded by `action_until` too: who was
 * overtaken by the repair loop has no say any more.
 */

const end = command(
  'workflows.action.end',
  `UPDATE workflows
   SET action = NULL, action_id = NULL, action_args = NULL, action_until = NULL, updated_at = clock_timestamp()
   WHERE id = $1 AND action = $2 AND action_id = $3 AND action_until = $4`,
);

const due = command(
  'workflows.action.due',
  `UPDATE workflows
   SET action = $5, action_until = clock_timestamp() + make_interval(secs => $6::float8)
   WHERE id = $1 AND action = $2 AND action_id = $3 AND action_until = $4`,
);

const guard = (held: Held) => [held.id, held.action, held.action_id, held.action_until];

/** The state is as before, and other actions are welcome. */
export async function endClaim(deps: CoreDeps, held: Held): Promise<void> {
  await deps.db.execute(end, guard(held));
}

/** As `endClaim`, where the request that was sent may still arrive. */
export async function endClaimOfLostRequest(deps: CoreDeps, held: Held): Promise<void> {
  await deps.db.transaction(async (tx) => {
    await Promise.all([tx.execute(noteLostRequest, [held.id, held.device_id]), tx.execute(end, guard(held))]);
  });
}

/** The repair loop takes the action over at once, as an `undo`. */
export async function turnIntoUndo(deps: CoreDeps, held: Held): Promise<void> {
  await deps.db.transaction(async (tx) => {
    await Promise.all([
      tx.execute(noteLostRequest, [held.id, held.device_id]),
      tx.execute(due, [...guard(held), 'undo', 0]),
    ]);
  });
  deps.wake.repair();
}

/** The repair loop does the action (again) after this many milliseconds. */
export async function repeatAfter(deps: CoreDeps, held: Held, ms: number): Promise<void> {
  await deps.db.execute(due, [...guard(held), held.action, ms / 1_000]);
  if (ms === 0) deps.wake.repair();
}
