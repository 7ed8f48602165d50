import { isProblem } from '@labwright/kernel/errors';
import { carryOut } from '../actions/carry-out.ts';
import type { Held } from '../actions/claim.ts';
import { forgetLostRequests } from '../actions/lost-requests.ts';
import type { CoreDeps } from '../deps.ts';
import { leaveQueue } from '../leave-queue.ts';
import { carryOutStepAgain } from '../steps/carry-out-step.ts';
import { lockWorkflow } from '../workflow-row.ts';
import { checkBooking, takeHeld } from './check-bookings.ts';
import { claimQueued } from './claim-queued.ts';
import { takeStrays, withdrawStray } from './strays.ts';
import { takeOverActions } from './take-over-actions.ts';
import { takeOverSteps } from './take-over-steps.ts';
import { untilNoneLeft } from './until-none-left.ts';

/**
 * One round: settles every action and asks about every step that is due, and makes sure of the entries of queued
 * workflows, withdraws strays and compares bookings. Ends early where device-service cannot be asked: the rest is due again after its lease.
 */
export async function repair(deps: CoreDeps, signal?: AbortSignal): Promise<void> {
  await untilNoneLeft(deps, signal, takeOverActions, async (held) => {
    deps.figures.repaired(held.action);
    await carryOut(deps, held, 'again').catch((error) => leaveQueueOfMissingDevice(deps, held, error));
  });
  await untilNoneLeft(
    deps,
    signal,
    () => takeOverSteps(deps, 'device'),
    (step) => carryOutStepAgain(deps, step),
  );
  await untilNoneLeft(deps, signal, claimQueued, (held) =>
    carryOut(deps, held, 'first').catch((error) => leaveQueueOfMissingDevice(deps, held, error)),
  );
  await untilNoneLeft(deps, signal, takeStrays, (stray) => withdrawStray(deps, stray));
  await untilNoneLeft(deps, signal, takeHeld, (held) => checkBooking(deps, held));
  await deps.db.execute(forgetLostRequests);
}

async function leaveQueueOfMissingDevice(deps: CoreDeps, held: Held, error: unknown): Promise<void> {
  if (held.action !== 'requeue' || !isProblem(error, 'device_not_found')) throw error;
  await deps.db.transaction((tx) =>
    Promise.all([
      lockWorkflow(tx, held.id),
      leaveQueue(tx, { workflowId: held.id, entryId: held.queue_entry_id, reason: error.message }),
    ]),
  );
}
