import {
  type Booking,
  type Estimate,
  othersWait,
  type QueueEntry,
  type WaitingReason,
} from '@labwright/contract-devices';
import { isProblem, Problem } from '@labwright/kernel/errors';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { CoreDeps } from '../deps.ts';
import type { Held } from './claim.ts';

/** What device-service gave: a booking, or a place in the queue. */
export interface Grant {
  booking: Booking | null;
  entry: QueueEntry | null;
}

// What the device is told that is still to be done, for its estimates. How long people take is not among it.
const remaining = rows(
  'workflows.action.remaining',
  Type.Object({ operations: Type.Array(Type.String()) }),
  `SELECT coalesce(array_agg(s.operation ORDER BY s.position), '{}') AS operations
   FROM workflow_steps s
   WHERE s.workflow_id = $1 AND s.status NOT IN ('succeeded', 'skipped') AND s.operator_task IS NULL`,
);

async function wantedOf(deps: CoreDeps, held: Held) {
  const operations = (await deps.db.first(remaining, [held.id]))?.operations ?? [];
  return { device_id: held.device_id, workflow_id: held.id, operations };
}

/** Books the device; where the action was asked with `queue`, waits in its queue instead of being refused. */
export async function obtain(deps: CoreDeps, held: Held): Promise<Grant> {
  const wanted = await wantedOf(deps, held);
  if (held.action_args.queue)
    return deps.devices.enqueue({ ...wanted, priority: held.action_args.priority ?? held.priority });
  try {
    return { booking: await deps.devices.book(wanted), entry: null };
  } catch (error) {
    if (!isProblem(error, 'device_busy', 'device_in_maintenance')) throw error;
    throw adviseQueue(error, held, await holderOf(deps, error));
  }
}

const nameOf = rows(
  'workflows.action.name_of',
  Type.Object({ name: Type.String() }),
  'SELECT name FROM workflows WHERE id = $1',
);

/** Who holds the device, for people: by its name where it is a workflow of ours. */
async function holderOf(deps: CoreDeps, { extra }: Problem): Promise<string> {
  const id = (extra.holder as { workflow_id?: string } | undefined)?.workflow_id;
  if (id === undefined) return 'Somebody';
  const found = await deps.db.first(nameOf, [id]);
  return found ? `“${found.name}” (workflow ${id})` : `Workflow ${id}`;
}

/** device-service advises the queue of the device; a workflow waits there by being asked to. */
function adviseQueue(refusal: Problem, { action, device_id }: Held, holder: string): Problem {
  const { code, status, title, extra, retryAfter } = refusal;
  const why =
    code === 'device_in_maintenance'
      ? `${device_id} is in maintenance.`
      : `${holder} holds ${device_id}, and ${othersWait(Number(extra.queue_length ?? 0))} for it. ${howLong(extra)}`;
  const begun = action === 'resume' ? 'resumed' : 'started';
  return new Problem(
    code,
    { status, title },
    `${why} Ask again with {"queue": true}, and the workflow is ${begun} when its turn comes.`,
    { extra, cause: refusal, ...(retryAfter === undefined ? {} : { retryAfter }) },
  );
}

/** How long the holder of a busy device will take, or for what it waits. */
function howLong({ wait, holder_waits }: Problem['extra']): string {
  const reason = holder_waits as WaitingReason | null | undefined;
  if (reason) return reason.text.replace(`Workflow ${reason.workflow_id} `, 'It ');
  const seconds = (wait as Partial<Estimate> | undefined)?.seconds ?? null;
  return seconds === null ? 'Nobody can say how long.' : `The wait is about ${Math.ceil(seconds)} s.`;
}

/** Makes sure that a queued workflow is in the queue, or learns that it was its turn. */
export async function obtainAgain(deps: CoreDeps, held: Held): Promise<Grant> {
  const wanted = await wantedOf(deps, held);
  // Without a priority: somebody may have moved the entry meanwhile, and that is to stay so.
  const grant = await deps.devices.enqueue(wanted);
  const fresh = !grant.booking && grant.entry.id !== held.queue_entry_id;
  return fresh && grant.entry.priority !== held.priority
    ? deps.devices.enqueue({ ...wanted, priority: held.priority })
    : grant;
}

/**
 * A pause or an undo means one booking: the request may arrive late, when the workflow holds another one. After the end
 * of a workflow it shall hold none, whoever booked it.
 */
function bookingMeant({ action, action_args, booking_id }: Held): string | null | undefined {
  if (action === 'undo') return action_args.booking_id;
  return action === 'pause' ? booking_id : undefined;
}

/**
 * Makes sure that the workflow neither holds its device nor waits for it. `because` is what the device's records say
 * where nobody gave a reason.
 */
export const withdraw =
  (because: string) =>
  async (deps: CoreDeps, held: Held): Promise<Grant> => {
    const booking = bookingMeant(held);
    try {
      await deps.devices.withdraw({
        device_id: held.device_id,
        workflow_id: held.id,
        ...(booking ? { booking_id: booking } : {}),
        reason: held.action_args.reason ?? because,
      });
    } catch (error) {
      // A device that is gone is held by nobody.
      if (!isProblem(error, 'device_not_found')) throw error;
    }
    return { booking: null, entry: null };
  };
