import type { DeviceEvent } from '@labwright/contract-devices';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { CoreDeps } from '../deps.ts';
import type { Outcome } from '../steps/record-outcome.ts';
import { executionIn } from './event-data.ts';

// Index workflow_steps_execution.
export const findOpenTry = rows(
  'workflows.feed.open_try',
  Type.Object({ execution_id: Type.String() }),
  `SELECT execution_id FROM workflow_steps WHERE execution_id = $1 AND status = 'running'`,
);

/**
 * How the execution of an `execution.finished` ended, with result and error; undefined for other events, and where no
 * step waits for it. Throws what device-service answers.
 */
export async function askOutcome(deps: CoreDeps, event: DeviceEvent): Promise<Outcome | undefined> {
  if (event.type !== 'execution.finished') return undefined;
  const id = executionIn(event);
  if (id === null || !(await deps.db.first(findOpenTry, [id]))) return undefined;
  const { status, result, error, duration_ms } = await deps.devices.getExecution(id);
  return status === 'running' ? undefined : { execution_id: id, status, result, error, duration_ms };
}
