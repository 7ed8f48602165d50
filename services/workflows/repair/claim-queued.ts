import { rows } from '@labwright/kernel/statement';
import { asHeld, type Held } from '../actions/claim.ts';
import type { CoreDeps } from '../deps.ts';
import { HeldRow, heldColumns } from '../workflow-row.ts';

// Index workflows_queued.
const claim = rows(
  'workflows.repair.claim_queued',
  HeldRow,
  `UPDATE workflows w
   SET action = 'requeue', action_id = gen_random_uuid(), action_args = '{"by": "repair"}',
       action_until = clock_timestamp() + make_interval(secs => $1::float8)
   WHERE w.status = 'queued' AND w.action IS NULL AND w.id = ANY (ARRAY (
     SELECT id FROM workflows
     WHERE status = 'queued' AND action IS NULL
       AND updated_at <= now() - make_interval(secs => $2::float8)
     ORDER BY updated_at LIMIT 20 FOR UPDATE SKIP LOCKED))
   RETURNING ${heldColumns}`,
);

/**
 * Queued workflows of which nothing was heard for a while, at most 20, taken in hand: their entry is made sure of, so that one
 * that was lost cannot strand them.
 */
export async function claimQueued(deps: CoreDeps): Promise<Held[]> {
  const { actionLeaseMs, requeueMs } = deps.settings;
  const claimed = await deps.db.query(claim, [actionLeaseMs / 1_000, requeueMs / 1_000]);
  return claimed.map(asHeld);
}
