import { type Approval, auditContext, recordAudit } from '@labwright/audit';
import { deviceErrors, type Execution } from '@labwright/contract-devices';
import { systemPrincipal } from '@labwright/kernel/identity';
import { deviceNotFound, takeTurn } from '../bookings/lock-device.ts';
import type { DevicesDeps } from '../deps.ts';
import { askToAbort, settleExecution, situationOf } from './statements.ts';
import { tellAbort, tellEnded } from './tidings.ts';

/**
 * Puts on record that what the device does is to be stopped, and tells whoever carries it out. Where nobody has begun it yet, it
 * ends here. Answers the execution as it stands then. Throws `device_not_found`, `nothing_running`.
 */
export async function abortExecution(
  deps: DevicesDeps,
  deviceId: string,
  reason: string,
  approval: Approval,
): Promise<Execution> {
  const asked = await deps.db.transaction(async (tx) => {
    const [, found] = await Promise.all([
      tx.execute(takeTurn, [deviceId]),
      tx.first(askToAbort, [deviceId, reason]),
    ]);
    if (!found) return undefined;
    const { drives, ...execution } = found;
    const { execution_id, workflow_id, operation } = execution;
    await recordAudit(tx, {
      action: approval.action,
      subject: approval.subject,
      reason,
      before: { execution_id, workflow_id, operation, begun: drives > 0 },
      approval,
    });
    if (drives > 0) {
      await tellAbort(tx, execution);
      return execution;
    }
    // Its row is ours: nobody can begin it until this is committed, and then it has ended.
    const error = {
      code: 'aborted',
      message: `It was stopped before it began: ${reason}. Nothing has moved.`,
    };
    const [ended] = await Promise.all([
      tx.first(settleExecution, [
        execution.id,
        'failed',
        null,
        JSON.stringify(error),
        false,
        auditContext(systemPrincipal),
      ]),
      tellEnded(tx, execution),
    ]);
    return ended ?? execution;
  });
  if (asked) return asked;
  if (!(await deps.db.first(situationOf, [deviceId, null]))) throw deviceNotFound(deviceId);
  throw deviceErrors.problem('nothing_running', `${deviceId} is doing nothing, so there is nothing to stop.`);
}
