import { isProblem } from '@labwright/kernel/errors';
import { carryOut } from '../actions/carry-out.ts';
import type { Held } from '../actions/claim.ts';
import { forgetLostRequests } from '../actions/lost-requests.ts';
import { verdictOf } from '../actions/verdict.ts';
import { concurrently } from '../concurrently.ts';
import type { CoreDeps } from '../deps.ts';
import { leaveQueue } from '../leave-queue.ts';
import { carryOutStepAgain } from '../steps/carry-out-step.ts';
import { checkBooking, takeHeld } from './check-bookings.ts';
import { claimQueued } from './claim-queued.ts';
import { takeStrays, withdrawStray } from './strays.ts';
import { takeOverActions } from './take-over-actions.ts';
import { takeOverSteps } from './take-over-steps.ts';

/** Calls of device-service at once. */
const atOnce = 4;

/**
 * One round: settles every action and asks about every step that is due, and makes sure of the entries of queued
 * workflows, withdraws strays and compares bookings. Ends early where device-service cannot be asked: the rest is due again after its lease.
 */
export async function repair(deps: CoreDeps, signal?: AbortSignal): Promise<void> {
  await untilNoneLeft(deps, signal, takeOverActions, async (held) => {
    deps.figures.repaired(held.action);
    await carryOut(deps, held, 'again').catch((error) => leaveQueueOfMissingDevice(deps, held, error));
  });
  await untilNoneLeft(deps, signal, takeOverSteps, (step) => carryOutStepAgain(deps, step));
  await untilNoneLeft(deps, signal, claimQueued, (held) =>
    carryOut(deps, held, 'first').catch((error) => leaveQueueOfMissingDevice(deps, held, error)),
  );
  await untilNoneLeft(deps, signal, takeStrays, (stray) => withdrawStray(deps, stray));
  await untilNoneLeft(deps, signal, takeHeld, (held) => checkBooking(deps, held));
  await deps.db.execute(forgetLostRequests);
}

/** Works off batch after batch; what could not be done is due again later. Throws where device-service is gone. */
async function untilNoneLeft<T>(
  deps: CoreDeps,
  signal: AbortSignal | undefined,
  take: (deps: CoreDeps) => Promise<T[]>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  for (;;) {
    if (signal?.aborted) return;
    const batch = await take(deps);
    if (batch.length === 0) return;
    let unanswered = 0;
    await concurrently(batch, atOnce, async (item) => {
      try {
        await work(item);
      } catch (error) {
        const verdict = verdictOf(error);
        if (verdict === 'unanswered') unanswered += 1;
        // One question without an answer must not keep the others from being asked; many mean that nobody is there.
        if (verdict === 'unreachable' || unanswered === atOnce) throw error;
        deps.log.info({ err: error }, 'a repair has to be tried again');
      }
    });
  }
}

async function leaveQueueOfMissingDevice(deps: CoreDeps, held: Held, error: unknown): Promise<void> {
  if (held.action !== 'requeue' || !isProblem(error, 'device_not_found')) throw error;
  await deps.db.transaction((tx) =>
    leaveQueue(tx, { workflowId: held.id, entryId: held.queue_entry_id, reason: error.message }),
  );
}
