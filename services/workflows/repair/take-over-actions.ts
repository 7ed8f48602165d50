import { rows } from '@labwright/kernel/statement';
import { asHeld, type Held } from '../actions/claim.ts';
import type { CoreDeps } from '../deps.ts';
import { HeldRow, heldColumns } from '../workflow-row.ts';

// Index workflows_actions. Waits for rows that are locked: who looks at a workflow does so for a moment only, and must not
// make us miss it. A request to book or queue may still be on its way: it is noted before it is undone.
const takeOver = rows(
  'workflows.repair.take_over',
  HeldRow,
  `WITH due AS MATERIALIZED (
     SELECT id FROM workflows WHERE action IS NOT NULL AND action_until <= now()
     ORDER BY action_until, id LIMIT 20 FOR UPDATE
   ), lost AS (
     INSERT INTO lost_requests (workflow_id, device_id)
     SELECT l.id, l.device_id FROM workflows l
     WHERE l.id = ANY (ARRAY (SELECT id FROM due)) AND l.action IN ('start', 'resume', 'requeue')
     ON CONFLICT (workflow_id) DO UPDATE SET at = clock_timestamp()
   )
   UPDATE workflows w
   SET action = CASE WHEN w.action IN ('start', 'resume') THEN 'undo' ELSE w.action END,
       action_until = clock_timestamp() + make_interval(secs => $1::float8)
   WHERE w.id = ANY (ARRAY (SELECT id FROM due))
   RETURNING ${heldColumns}`,
);

/**
 * The actions whose time is over, at most 20, now ours for a lease. One that was to get the device is an `undo` from now
 * on: a start that nobody was told of must not move a robot later.
 */
export async function takeOverActions(deps: CoreDeps): Promise<Held[]> {
  const taken = await deps.db.query(takeOver, [deps.settings.actionLeaseMs / 1_000]);
  return taken.map(asHeld);
}
