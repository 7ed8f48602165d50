import type { DeviceEvent, DevicesApi } from '@labwright/contract-devices';
import type { AnnouncedEvent } from '@labwright/contract-hub/announce';
import type { Live } from '@labwright/contract-hub/live';
import type { WorkflowEvent, WorkflowsApi } from '@labwright/contract-workflows';
import type { Queryable } from '@labwright/kernel/db';
import { isProblem } from '@labwright/kernel/errors';
import { nullable } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { NotificationsDeps } from '../deps.ts';
import { announcer } from '../fan-out/announce.ts';
import { deviceNews, type Standing, standingIn } from './device-news.ts';
import { workflowNews } from './workflow-news.ts';

const findPlace = rows(
  'notifications.follow.place',
  Type.Object({ cursor: nullable(Type.String()) }),
  'SELECT cursor FROM notification_followed WHERE feed = $1',
);
// Guarded by the place: of several processes that follow, one turns the page.
const turnPage = command(
  'notifications.follow.turn_page',
  'UPDATE notification_followed SET cursor = $2 WHERE feed = $1 AND cursor IS NOT DISTINCT FROM $3',
);
const startOver = command(
  'notifications.follow.start_over',
  'UPDATE notification_followed SET cursor = NULL WHERE feed = $1 AND cursor = $2',
);

const standings = rows(
  'notifications.follow.standings',
  Type.Object({ device_id: Type.String(), status: Type.String(), paused: Type.Boolean() }),
  'SELECT device_id, status, paused FROM notification_devices WHERE device_id = ANY ($1::text[])',
);
const stands = command(
  'notifications.follow.stands',
  `INSERT INTO notification_devices (device_id, status, paused)
   SELECT * FROM unnest($1::text[], $2::text[], $3::boolean[])
   ON CONFLICT (device_id) DO UPDATE SET status = excluded.status, paused = excluded.paused`,
);
const forget = command(
  'notifications.follow.forget',
  'DELETE FROM notification_devices WHERE device_id = ANY ($1::text[])',
);

/** What happened longer ago is no news: a hub that is new in an old laboratory does not tell the story of a week. */
const newsMs = 24 * 3_600_000;

interface Event {
  id: string;
  type: string;
  at: string;
  device_id: string;
  workflow_id: string | null;
  data: Record<string, unknown>;
}

/** One feed, and what to make of its events. */
export interface Source<E extends Event = Event> {
  name: 'devices' | 'workflows';
  read: (request: {
    cursor?: string;
    wait_seconds: number;
    signal?: AbortSignal;
  }) => Promise<{ events: E[]; next_cursor: string }>;
  /** The news of a page, within the transaction that turns it. */
  news: (tx: Queryable, events: readonly E[]) => Promise<AnnouncedEvent[]>;
}

export const devicesSource = (devices: Pick<DevicesApi, 'events'>): Source<DeviceEvent> => ({
  name: 'devices',
  read: (request) => devices.events(request),
  news: deviceNewsOf,
});

export const workflowsSource = (workflows: Pick<WorkflowsApi, 'events'>): Source<WorkflowEvent> => ({
  name: 'workflows',
  read: (request) => workflows.events(request),
  news: async (_tx, events) => events.flatMap((event) => workflowNews(event) ?? []),
});

async function deviceNewsOf(tx: Queryable, events: readonly DeviceEvent[]): Promise<AnnouncedEvent[]> {
  const ids = [...new Set(events.map(({ device_id }) => device_id))];
  const known = new Map<string, Standing>(
    (await tx.query(standings, [ids])).map(({ device_id, ...standing }) => [device_id, standing]),
  );
  const news: AnnouncedEvent[] = [];
  const gone = new Set<string>();
  const moved = new Set<string>();
  for (const event of events) {
    const told = deviceNews(event, known.get(event.device_id));
    if (told) news.push(told);
    const now = standingIn(event);
    if (!now) continue;
    const { device_id } = event;
    if (now.deleted) known.delete(device_id);
    else known.set(device_id, now);
    (now.deleted ? gone : moved).add(device_id);
    (now.deleted ? moved : gone).delete(device_id);
  }
  if (gone.size > 0) await tx.execute(forget, [[...gone]]);
  const standing = [...moved].flatMap((id) => {
    const now = known.get(id);
    return now ? [{ id, ...now }] : [];
  });
  if (standing.length > 0)
    await tx.execute(stands, [
      standing.map(({ id }) => id),
      standing.map(({ status }) => status),
      standing.map(({ paused }) => paused),
    ]);
  return news;
}

/**
 * Takes in one page of a feed: its news is announced in the transaction that turns the page, so each event counts once, whichever
 * process takes it in and whenever that dies. Whoever looks right now is told when it is committed. Waits up to
 * `waitSeconds` for something new; answers how many events the page had.
 */
export async function takeInPage<E extends Event>(
  deps: NotificationsDeps,
  source: Source<E>,
  options: { waitSeconds: number; signal?: AbortSignal },
): Promise<number> {
  const { name } = source;
  const { cursor } = (await deps.db.first(findPlace, [name])) ?? { cursor: null };
  const page = await source
    .read({
      ...(cursor === null ? {} : { cursor }),
      wait_seconds: options.waitSeconds,
      ...(options.signal ? { signal: options.signal } : {}),
    })
    .catch(async (error) => {
      if (isProblem(error, 'invalid_cursor')) {
        // Another database stands behind that service than before. What was told is not told again.
        deps.log.error(
          { cursor, feed: name },
          'a service does not know our place in its feed: starting over',
        );
        await deps.db.execute(startOver, [name, cursor]);
      }
      throw error;
    });
  if (page.next_cursor === cursor) return page.events.length;
  const turned = await deps.db.transaction(async (tx) => {
    // First, and awaited: whoever comes second announces nothing.
    if ((await tx.execute(turnPage, [name, page.next_cursor, cursor])) === 0) return false;
    const since = deps.clock.now() - newsMs;
    for (const event of await source.news(tx, page.events))
      if (Date.parse(event.occurred_at) >= since) await announcer.announce(tx, event);
    return true;
  });
  if (turned && deps.live) for (const event of page.events) publish(deps.live, event);
  return turned ? page.events.length : 0;
}

/** To the rooms of the device, of the run, and of the laboratory. */
function publish(live: Live, event: Event): void {
  const told = { type: event.type, data: event };
  live.publish(`device:${event.device_id}`, told);
  if (event.workflow_id !== null) live.publish(`run:${event.workflow_id}`, told);
  live.publish('lab', told);
}
