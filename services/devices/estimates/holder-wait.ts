import { HolderWait, type WaitingReason } from '@labwright/contract-devices';
import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';

const Told = Type.Object({ device_id: Type.String(), workflow_id: Type.String(), wait: HolderWait });

/**
 * Of a whole page of devices. An operation that runs, or began later, shows that the wait is over, whatever was told last.
 * Indexes: device_bookings_one_active, execution_logs_one_running, execution_logs_by_device.
 */
const holderWaits = rows(
  'devices.holder_waits',
  Told,
  `SELECT b.device_id, b.workflow_id, b.wait FROM device_bookings b
   WHERE b.device_id = ANY($1::text[]) AND b.status = 'active' AND b.wait_until > clock_timestamp()
     AND NOT EXISTS (SELECT 1 FROM execution_logs l WHERE l.device_id = b.device_id AND l.status = 'running')
     AND NOT EXISTS (SELECT 1 FROM execution_logs l
                     WHERE l.device_id = b.device_id AND l.started_at >= b.wait_since AND l.fencing_token = b.fencing_token)`,
);

/** Of these devices, those whose holder waits for somebody, and for what. */
export async function loadHolderWaits(
  db: Queryable,
  deviceIds: readonly string[],
): Promise<ReadonlyMap<string, WaitingReason>> {
  const found = deviceIds.length === 0 ? [] : await db.query(holderWaits, [deviceIds]);
  return new Map(found.map((told) => [told.device_id, reasonOf(told)]));
}

function reasonOf({ workflow_id, wait }: Static<typeof Told>): WaitingReason {
  const { code, id, position } = wait;
  return {
    code,
    text: `Workflow ${workflow_id} ${whatItDoes(wait)}.`,
    workflow_id,
    ...(code === 'operator_task' ? { task_id: id } : {}),
    ...(position === undefined ? {} : { position }),
  };
}

/** Without the full stop, after the name of the workflow: `has failed at step 2: the lid is stuck`. */
function whatItDoes({ code, position, about }: HolderWait): string {
  const step = position === undefined ? 'a step' : `step ${position}`;
  switch (code) {
    case 'operator_task':
      return `waits for a person to do "${about ?? ''}"`;
    case 'step_by_hand':
      return `waits until somebody runs ${step}`;
    case 'completion_by_hand':
      return 'waits until somebody completes it';
    case 'step_failed':
      return `has failed at ${step}${about === undefined ? '' : `: ${about.replace(/[.\s]+$/, '')}`}`;
    case 'outcome_unknown':
      return `waits until somebody tells what became of ${step}`;
  }
}
