import { type DeviceEvent, reachErrors } from '@labwright/contract-devices';
import type { Queryable } from '@labwright/kernel/db';
import { isProblem } from '@labwright/kernel/errors';
import { nullable } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import type { CoreDeps } from '../deps.ts';
import { askOutcome } from './ask-outcome.ts';
import { type Handling, handleEvent } from './handle-event.ts';

/** How far the feed was taken in: the page that begins at `cursor`, up to and with `event_id` of it. */
const Place = Type.Object({ cursor: nullable(Type.String()), event_id: nullable(Type.String()) });
export type Place = Static<typeof Place>;

export const findPlace = rows(
  'workflows.feed.place',
  Place,
  `SELECT cursor, event_id FROM followed WHERE feed = 'devices'`,
);

const lockPlace = rows(
  'workflows.feed.lock_place',
  Place,
  `SELECT cursor, event_id FROM followed WHERE feed = 'devices' FOR UPDATE`,
);

const passEvent = command(
  'workflows.feed.pass_event',
  `UPDATE followed SET event_id = $1 WHERE feed = 'devices'`,
);

/** How often an event that cannot be handled is tried before it is left out. */
const tries = 3;

/**
 * Takes in the event that follows on `place`; waits for an action on its workflow, at most a lease. False where
 * another process took it in. Throws where the database or device-service cannot be reached.
 */
export async function takeInEvent(
  deps: CoreDeps,
  place: Place,
  event: DeviceEvent,
  signal?: AbortSignal,
): Promise<boolean> {
  const patience = deps.clock.now() + deps.settings.actionLeaseMs;
  let faults = 0;
  for (let pause = 5; ; pause = Math.min(pause * 2, 250)) {
    try {
      const leaveOut = faults === tries;
      const outcome = leaveOut ? undefined : await askOutcome(deps, event);
      const handling = await deps.db.transaction((tx) =>
        at(tx, place, event, async () =>
          leaveOut
            ? { kind: 'done' }
            : handleEvent(deps, tx, { event, outcome }, deps.clock.now() < patience),
        ),
      );
      if (handling === 'overtaken') return false;
      if (handling.kind === 'done') {
        handling.after?.();
        if (faults === tries) deps.figures.feed.skipped();
        return true;
      }
    } catch (error) {
      if (signal?.aborted || isOutage(error)) throw error;
      faults += 1;
      deps.log.error({ err: error, event, faults }, 'an event of device-service could not be taken in');
    }
    await deps.clock.sleep(pause, signal);
  }
}

/** Handles the event and moves on past it, provided that nobody did before. */
async function at(
  tx: Queryable,
  place: Place,
  event: DeviceEvent,
  handle: () => Promise<Handling>,
): Promise<Handling | 'overtaken'> {
  const now = await tx.first(lockPlace);
  if (now?.cursor !== place.cursor || now.event_id !== place.event_id) return 'overtaken';
  const handling = await handle();
  if (handling.kind === 'done') await tx.execute(passEvent, [event.id]);
  return handling;
}

/** Nothing is wrong with the event; it is tried again when the outage is over. */
const isOutage = (error: unknown) =>
  isProblem(error, 'database_unavailable', ...Object.keys(reachErrors.entries));
