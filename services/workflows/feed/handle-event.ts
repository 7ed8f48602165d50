import type { DeviceEvent } from '@labwright/contract-devices';
import type { Queryable } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';
import { findLostRequest } from '../actions/lost-requests.ts';
import { auditWorkflow, byItself } from '../audit.ts';
import type { CoreDeps } from '../deps.ts';
import { leaveQueue } from '../leave-queue.ts';
import { noteStray } from '../repair/strays.ts';
import { pauseWithoutBooking } from '../steps/put-back-step.ts';
import { type Outcome, recordOutcomeIn } from '../steps/record-outcome.ts';
import { settleStatus } from '../steps/settle-status.ts';
import { type HeldRow, lockWorkflow } from '../workflow-row.ts';
import { entryIn, grantIn, releaseIn } from './event-data.ts';

/** What became of an event. */
export type Handling =
  /** An action on its workflow is in hand: it is to be brought again when that has ended. Nothing was changed. */
  | { kind: 'wait' }
  /** Taken in; `after` is to be called when the transaction is committed. */
  | { kind: 'done'; after?: (() => void) | undefined };

const done: Handling = { kind: 'done' };

/** The events that change something here. */
const handled = new Set<DeviceEvent['type']>([
  'booking.granted',
  'booking.released',
  'queue.entered',
  'queue.cancelled',
  'execution.finished',
]);

export const concernsUs = (event: DeviceEvent) => event.workflow_id !== null && handled.has(event.type);

/** An event with what had to be asked about it. */
export interface News {
  event: DeviceEvent;
  /** Of `execution.finished`, where the step still waits for it. */
  outcome: Outcome | undefined;
}

/**
 * Takes one event in, within the transaction that ends its job. While `patient`, it waits for an action that is
 * in hand; afterwards the event is taken in as if there were none, and the repair of that action finds what it left.
 */
export async function handleEvent(
  deps: CoreDeps,
  tx: Queryable,
  { event, outcome }: News,
  patient: boolean,
): Promise<Handling> {
  if (event.workflow_id === null) return done;
  const workflow = await lockWorkflow(tx, event.workflow_id);
  if (!workflow) return ofDeletedWorkflow(deps, tx, event, event.workflow_id);
  // An undo leaves the workflow as it is, and may take as long as the device moves.
  if (workflow.action !== null && workflow.action !== 'undo' && patient) return { kind: 'wait' };
  switch (event.type) {
    case 'booking.granted':
      return granted(deps, tx, event, workflow);
    case 'booking.released':
      return released(deps, tx, event, workflow);
    case 'queue.entered':
      return isSettled(workflow) ? takeBack(deps, tx, workflow, event, null) : moved(tx, event, workflow);
    case 'queue.cancelled':
      return entryCancelled(tx, event, workflow);
    case 'execution.finished':
      return outcome ? { kind: 'done', after: await recordOutcomeIn(tx, deps, outcome) } : done;
    default:
      return done;
  }
}

const startQueued = command(
  'workflows.feed.start_queued',
  `UPDATE workflows
   SET status = 'running', status_reason = NULL, booking_id = $2, fencing_token = $3, queue_entry_id = NULL,
       started_at = coalesce(started_at, clock_timestamp()), updated_at = clock_timestamp()
   WHERE id = $1 AND status = 'queued'`,
);

const adopt = command(
  'workflows.feed.adopt_booking',
  `UPDATE workflows SET booking_id = $2, fencing_token = $3, updated_at = clock_timestamp()
   WHERE id = $1 AND status IN ('running', 'failed') AND fencing_token < $3`,
);

async function granted(
  deps: CoreDeps,
  tx: Queryable,
  event: DeviceEvent,
  workflow: HeldRow,
): Promise<Handling> {
  const { booking_id, fencing_token, queue_entry_id } = grantIn(event);
  if (workflow.status === 'queued') {
    // Of an entry that is not ours any more; where it still counts, the repair loop finds it.
    if (queue_entry_id !== workflow.queue_entry_id) return done;
    await Promise.all([
      tx.execute(startQueued, [workflow.id, booking_id, fencing_token]),
      settleStatus(tx, workflow.id),
      auditWorkflow(tx, workflow.id, workflow.started_at === null ? 'workflow.start' : 'workflow.resume', {
        ...byItself,
        reason: 'its turn in the queue',
        before: { status: 'queued', queue_entry_id },
        after: { status: 'running', booking_id, fencing_token },
      }),
    ]);
    return {
      kind: 'done',
      after: () => {
        deps.figures.workflow('started');
        deps.wake.conductor();
      },
    };
  }
  if (isSettled(workflow)) return takeBack(deps, tx, workflow, event, booking_id);
  // Booked anew by hand after its booking was lost: that one is released in the end.
  if ((await tx.execute(adopt, [workflow.id, booking_id, fencing_token])) > 0)
    await auditWorkflow(tx, workflow.id, 'workflow.adopt_booking', {
      ...byItself,
      before: { booking_id: workflow.booking_id },
      after: { booking_id, fencing_token },
    });
  return done;
}

async function released(
  deps: CoreDeps,
  tx: Queryable,
  event: DeviceEvent,
  workflow: HeldRow,
): Promise<Handling> {
  const { booking_id, reason } = releaseIn(event);
  const holds = workflow.status === 'running' || workflow.status === 'failed';
  if (!holds || workflow.booking_id !== booking_id) return done;
  const why = reason ? `: ${reason}` : '';
  await pauseWithoutBooking(tx, workflow.id, `The booking of ${event.device_id} was released${why}`);
  return { kind: 'done', after: () => deps.figures.workflow('paused') };
}

const follow = command(
  'workflows.feed.follow_priority',
  `UPDATE workflows SET priority = $3, updated_at = clock_timestamp()
   WHERE id = $1 AND status = 'queued' AND queue_entry_id = $2 AND priority <> $3`,
);

/** Somebody gave its entry another priority, which the workflow keeps when it waits again. device-service has it on the audit trail. */
async function moved(tx: Queryable, event: DeviceEvent, workflow: HeldRow): Promise<Handling> {
  const { entry_id, priority } = entryIn(event);
  if (priority !== undefined) await tx.execute(follow, [workflow.id, entry_id, priority]);
  return done;
}

async function entryCancelled(tx: Queryable, event: DeviceEvent, workflow: HeldRow): Promise<Handling> {
  const { entry_id, reason } = entryIn(event);
  const why = reason ? `: ${reason}` : '';
  await leaveQueue(tx, {
    workflowId: workflow.id,
    entryId: entry_id,
    reason: `Its entry in the queue of ${event.device_id} was cancelled${why}`,
  });
  return done;
}

/** True for a workflow that neither holds a device nor waits for one. */
const isSettled = ({ status }: HeldRow) =>
  status === 'created' || status === 'paused' || status === 'completed' || status === 'cancelled';

const claimUndo = command(
  'workflows.feed.claim_undo',
  `UPDATE workflows
   SET action = 'undo', action_id = gen_random_uuid(), action_args = $2::jsonb, action_until = clock_timestamp()
   WHERE id = $1 AND action IS NULL`,
);

// The undo in hand was for another booking than the one that appeared since: from now on it is for all.
const widenUndo = command(
  'workflows.feed.widen_undo',
  `UPDATE workflows SET action_args = action_args - 'booking_id' WHERE id = $1 AND action = 'undo'`,
);

/**
 * A workflow that is not at work got the device, or a place in its queue. One that is over never needs a device again, and
 * would keep it for ever: it is withdrawn, whoever asked for it. One that may go on keeps what somebody booked for
 * it on purpose; where one of our requests went without an answer, this is it, come late, and is undone.
 */
async function takeBack(
  deps: CoreDeps,
  tx: Queryable,
  workflow: HeldRow,
  event: DeviceEvent,
  bookingId: string | null,
): Promise<Handling> {
  if (workflow.status === 'completed' || workflow.status === 'cancelled') {
    await tx.execute(noteStray, [event.device_id, workflow.id, bookingId ?? '']);
    return { kind: 'done', after: () => deps.wake.repair() };
  }
  if (!(await tx.first(findLostRequest, [workflow.id]))) return done;
  if (workflow.action !== null) {
    await tx.execute(widenUndo, [workflow.id]);
    return done;
  }
  const args = bookingId === null ? { by: 'feed' } : { by: 'feed', booking_id: bookingId };
  await tx.execute(claimUndo, [workflow.id, JSON.stringify(args)]);
  return { kind: 'done', after: () => deps.wake.repair() };
}

async function ofDeletedWorkflow(
  deps: CoreDeps,
  tx: Queryable,
  event: DeviceEvent,
  workflowId: string,
): Promise<Handling> {
  if (event.type !== 'booking.granted' && event.type !== 'queue.entered') return done;
  if (!(await tx.first(findLostRequest, [workflowId]))) return done;
  const bookingId = event.type === 'booking.granted' ? grantIn(event).booking_id : '';
  await tx.execute(noteStray, [event.device_id, workflowId, bookingId]);
  return { kind: 'done', after: () => deps.wake.repair() };
}
