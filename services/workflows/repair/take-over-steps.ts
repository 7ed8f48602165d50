import { nullable } from '@labwright/kernel/http';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { CoreDeps } from '../deps.ts';
import { asRunning, type RunningStep, StepRow, stepColumns } from '../steps/step-row.ts';

// Index workflow_steps_to_ask.
const takeOver = rows(
  'workflows.repair.steps',
  Type.Object({ ...StepRow.properties, device_id: Type.String(), booking_id: nullable(Type.String()) }),
  `UPDATE workflow_steps s
   SET ask_again_at = clock_timestamp() + make_interval(secs => $1::float8)
   FROM workflows w
   WHERE w.id = s.workflow_id AND s.status = 'running' AND s.execution_id = ANY (ARRAY (
     SELECT execution_id FROM workflow_steps
     WHERE status = 'running' AND ask_again_at <= now() AND (operator_task IS NOT NULL) = $2
     ORDER BY ask_again_at LIMIT 20 FOR UPDATE SKIP LOCKED))
   RETURNING ${stepColumns}, w.device_id, w.booking_id`,
);

/** The running steps of devices, or of people, to ask about, at most 20, now ours for a lease. */
export async function takeOverSteps(deps: CoreDeps, of: 'device' | 'people'): Promise<RunningStep[]> {
  const taken = await deps.db.query(takeOver, [deps.settings.actionLeaseMs / 1_000, of === 'people']);
  return taken.map(({ device_id, booking_id, ...step }) => asRunning(step, { device_id, booking_id }));
}
