import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { actorOf, auditWorkflow, byItself } from '../audit.ts';
import type { CoreDeps } from '../deps.ts';
import { settleStatus } from '../steps/settle-status.ts';
import { recallTask } from '../tasks/recall.ts';
import { lockWorkflow } from '../workflow-row.ts';
import type { Grant } from './act.ts';
import type { Held } from './claim.ts';

const Recorded = Type.Object({ id: Type.String() });

// Ends the claim; a repeated request of a person recognises its own action by the id that stays.
const endOfClaim = `action = NULL, action_id = NULL, action_args = NULL, action_until = NULL,
  last_action_id = CASE WHEN w.action_args->>'by' = 'request' THEN w.action_id ELSE w.last_action_id END,
  updated_at = clock_timestamp()`;

const recordBooked = rows(
  'workflows.action.record_booked',
  Recorded,
  `UPDATE workflows w
   SET status = 'running', status_reason = NULL, booking_id = $4, fencing_token = $5, queue_entry_id = NULL,
       priority = coalesce(w.action_args->>'priority', w.priority),
       auto = coalesce((w.action_args->>'auto')::boolean, w.auto),
       started_at = coalesce(w.started_at, clock_timestamp()), ${endOfClaim}
   WHERE w.id = $1 AND w.action = $2 AND w.action_id = $3
   RETURNING w.id`,
);

const recordQueued = rows(
  'workflows.action.record_queued',
  Recorded,
  `UPDATE workflows w
   SET status = 'queued', status_reason = NULL, queue_entry_id = $4,
       priority = coalesce(w.action_args->>'priority', w.priority),
       auto = coalesce((w.action_args->>'auto')::boolean, w.auto), ${endOfClaim}
   WHERE w.id = $1 AND w.action = $2 AND w.action_id = $3
   RETURNING w.id`,
);

const recordReleased = rows(
  'workflows.action.record_released',
  Recorded,
  `UPDATE workflows w
   SET status = $4, status_reason = CASE WHEN $4 <> 'completed' THEN w.action_args->>'reason' END,
       booking_id = NULL, fencing_token = NULL, queue_entry_id = NULL,
       finished_at = CASE WHEN $4 <> 'paused' THEN clock_timestamp() END, ${endOfClaim}
   WHERE w.id = $1 AND w.action = $2 AND w.action_id = $3
   RETURNING w.id`,
);

const skipPending = rows(
  'workflows.action.skip_pending',
  Type.Object({ position: Type.Integer() }),
  `UPDATE workflow_steps SET status = 'skipped' WHERE workflow_id = $1 AND status = 'pending' RETURNING position`,
);

const recordUndone = rows(
  'workflows.action.record_undone',
  Recorded,
  `UPDATE workflows w
   SET action = NULL, action_id = NULL, action_args = NULL, action_until = NULL, updated_at = clock_timestamp()
   WHERE w.id = $1 AND w.action = $2 AND w.action_id = $3
   RETURNING w.id`,
);

/** Records what an action did and ends its claim. False where the action is not in hand any more. */
export type Record = (deps: CoreDeps, held: Held, grant: Grant) => Promise<boolean>;

/** The device was given, or a place in its queue. */
export const obtained: Record = (deps, held, { booking, entry }) => {
  const claim = [held.id, held.action, held.action_id];
  return deps.db.transaction(async (tx) => {
    if (!booking) {
      const [, queued] = await Promise.all([
        lockWorkflow(tx, held.id),
        tx.first(recordQueued, [...claim, entry?.id ?? null]),
      ]);
      // Sure of its place again, it is where it was.
      if (queued && held.action !== 'requeue')
        await auditAction(tx, held, { status: 'queued', queue_entry_id: entry?.id ?? null });
      return queued !== undefined;
    }
    const [, recorded] = await Promise.all([
      lockWorkflow(tx, held.id),
      tx.first(recordBooked, [...claim, booking.id, booking.fencing_token]),
      settleStatus(tx, held.id),
    ]);
    if (recorded) {
      const { id: booking_id, fencing_token } = booking;
      await auditAction(tx, held, { status: 'running', booking_id, fencing_token });
    }
    return recorded !== undefined;
  });
};

/** The action is on record with what it changed, as done by whoever asked for it. */
const auditAction = (tx: Queryable, held: Held, after: object) =>
  auditWorkflow(tx, held.id, `workflow.${held.action}`, {
    reason: held.action_args.reason,
    before: { status: held.status, booking_id: held.booking_id, queue_entry_id: held.queue_entry_id },
    after,
    actor: actorOf(held.action_args),
  });

/** The device is free of the workflow, which is `status` from now on. */
export const released =
  (status: 'completed' | 'cancelled' | 'paused'): Record =>
  async (deps, held) => {
    const { done, recalled } = await deps.db.transaction(async (tx) => {
      const [, recorded] = await Promise.all([
        lockWorkflow(tx, held.id),
        tx.first(recordReleased, [held.id, held.action, held.action_id, status]),
      ]);
      if (!recorded) return { done: false, recalled: false };
      const skipped = status === 'paused' ? [] : await tx.query(skipPending, [held.id]);
      const withdrawn = status === 'cancelled' ? await recallTask(tx, held) : null;
      const positions = [
        ...(withdrawn === null ? [] : [withdrawn]),
        ...skipped.map(({ position }) => position),
      ];
      await auditAction(tx, held, { status, ...(positions.length > 0 ? { skipped: positions } : {}) });
      return { done: true, recalled: withdrawn !== null };
    });
    if (recalled) deps.wake.tasks();
    return done;
  };

/** All is as before. */
export const undone: Record = (deps, held) =>
  deps.db.transaction(async (tx) => {
    const [, recorded] = await Promise.all([
      lockWorkflow(tx, held.id),
      tx.first(recordUndone, [held.id, held.action, held.action_id]),
    ]);
    if (recorded)
      await auditWorkflow(tx, held.id, 'workflow.undo', {
        ...byItself,
        reason: 'nobody was told of what the device gave it',
        before: { booking_id: held.action_args.booking_id ?? null },
      });
    return recorded !== undefined;
  });
