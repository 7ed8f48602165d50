import type { HolderWait } from '@labwright/contract-devices';
import { Step } from '@labwright/contract-workflows';
import { nullable } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { verdictOf } from '../actions/verdict.ts';
import type { CoreDeps } from '../deps.ts';
import { untilNoneLeft } from '../repair/until-none-left.ts';
import { type Holder, tellDevice } from './tell-device.ts';

const HolderRow = Type.Object({
  workflow_id: Type.String(),
  device_id: Type.String(),
  booking_id: Type.String(),
});

/** Holds its device, and goes on only when somebody does something. Of a row `w`. */
const restsByItself = `w.booking_id IS NOT NULL AND w.action IS NULL
  AND (w.status = 'failed' OR (w.status = 'running' AND NOT w.auto))
  AND NOT EXISTS (SELECT FROM workflow_steps s WHERE s.workflow_id = w.id AND s.status = 'running')`;

// Index workflows_with_booking: as many rows as devices that are held. Whoever changes the state of a workflow sets `updated_at`.
const take = rows(
  'workflows.waits.take',
  HolderRow,
  `UPDATE workflows SET wait_told_at = clock_timestamp()
   WHERE id IN (
     SELECT w.id FROM workflows w
     WHERE ${restsByItself}
       AND (w.wait_told_at IS NULL OR w.wait_told_at <= w.updated_at
            OR w.wait_told_at < clock_timestamp() - make_interval(secs => $1::float8))
     ORDER BY w.wait_told_at NULLS FIRST LIMIT 20 FOR UPDATE SKIP LOCKED)
   RETURNING id AS workflow_id, device_id, booking_id`,
);

const Rest = Type.Object({
  position: nullable(Type.Integer()),
  status: nullable(Step.properties.status),
  attempts: nullable(Type.Integer()),
  error: nullable(Type.String()),
});

// Read once the workflow is taken: what changes after that has it taken again.
const read = rows(
  'workflows.waits.read',
  Rest,
  `SELECT next.position, next.status, next.attempts, next.error FROM workflows w
   LEFT JOIN LATERAL (
     SELECT s.position, s.status, s.attempts, s.error->>'message' AS error FROM workflow_steps s
     WHERE s.workflow_id = w.id AND s.status NOT IN ('succeeded', 'skipped') ORDER BY s.position LIMIT 1
   ) next ON true
   WHERE w.id = $1 AND w.booking_id = $2 AND ${restsByItself}`,
);

const untold = command(
  'workflows.waits.untold',
  'UPDATE workflows SET wait_told_at = NULL WHERE id = $1 AND booking_id = $2',
);

/**
 * One round: every device whose holder waits for somebody to run its next step, to see to one that failed, or to complete it is told so, when that
 * begins and again while it lasts. Throws where device-service cannot be reached; what was to be told then is due again.
 */
export const tellWaits = (deps: CoreDeps, signal?: AbortSignal): Promise<void> =>
  untilNoneLeft(
    deps,
    signal,
    () => deps.db.query(take, [deps.settings.askAgainMs / 1_000]),
    (holder) => tell(deps, holder),
  );

async function tell(deps: CoreDeps, holder: Holder): Promise<void> {
  const { workflow_id, booking_id } = holder;
  const rest = await deps.db.first(read, [workflow_id, booking_id]);
  if (!rest) return;
  try {
    await tellDevice(deps, holder, waitOf(rest));
  } catch (error) {
    if (verdictOf(error) === 'unreachable') await deps.db.execute(untold, [workflow_id, booking_id]);
    throw error;
  }
}

/** The id is another one with every try. */
function waitOf({ position, status, attempts, error }: Static<typeof Rest>): HolderWait {
  if (position === null) return { id: 'end', code: 'completion_by_hand' };
  const step = { id: `${position} ${status} ${attempts}`, position };
  if (status === 'unknown') return { ...step, code: 'outcome_unknown' };
  if (status !== 'failed') return { ...step, code: 'step_by_hand' };
  return { ...step, code: 'step_failed', ...(error ? { about: error.slice(0, 500) } : {}) };
}
