import type { EventPage } from '@labwright/contract-devices';
import { isProblem } from '@labwright/kernel/errors';
import { command } from '@labwright/kernel/statement';
import type { CoreDeps } from '../deps.ts';
import { concernsUs } from './handle-event.ts';
import { findPlace, type Place, takeInEvent } from './take-in-event.ts';

// Guarded by the place, so that of several followers one turns the page.
const turnPage = command(
  'workflows.feed.turn_page',
  `UPDATE followed SET cursor = $1, event_id = NULL
   WHERE feed = 'devices' AND cursor IS NOT DISTINCT FROM $2 AND event_id IS NOT DISTINCT FROM $3`,
);

const startOver = command(
  'workflows.feed.start_over',
  `UPDATE followed SET cursor = NULL, event_id = NULL WHERE feed = 'devices'`,
);

/**
 * Takes in one page of device-service's events; waits up to `waitSeconds` for one. Answers how many events it had, and 0
 * also where another process took them in meanwhile.
 */
export async function takeInPage(deps: CoreDeps, waitSeconds: number, signal?: AbortSignal): Promise<number> {
  const place = (await deps.db.first(findPlace)) ?? { cursor: null, event_id: null };
  const page = await read(deps, place, waitSeconds, signal);
  const known = page.events.findIndex((event) => event.id === place.event_id);
  const fresh = page.events.slice(known + 1).filter(concernsUs);
  let reached = place.event_id;
  for (const event of fresh) {
    deps.figures.feed.behind(Date.parse(event.at));
    const taken = await takeInEvent(deps, { cursor: place.cursor, event_id: reached }, event, signal);
    if (!taken) return 0;
    reached = event.id;
  }
  if (page.next_cursor !== place.cursor)
    await deps.db.execute(turnPage, [page.next_cursor, place.cursor, reached]);
  if (page.events.length === 0) deps.figures.feed.caughtUp();
  return page.events.length;
}

async function read(
  deps: CoreDeps,
  place: Place,
  waitSeconds: number,
  signal: AbortSignal | undefined,
): Promise<EventPage> {
  try {
    return await deps.devices.events({
      ...(place.cursor === null ? {} : { cursor: place.cursor }),
      wait_seconds: waitSeconds,
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (isProblem(error, 'invalid_cursor')) {
      // Another database stands behind device-service than before. Events are safe to take in twice.
      deps.log.error(
        { cursor: place.cursor },
        'device-service does not know our place in its feed: starting over',
      );
      await deps.db.execute(startOver);
    }
    throw error;
  }
}
