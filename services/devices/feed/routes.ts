import { type DeviceEvent, EventPage, FeedQuery } from '@labwright/contract-devices';
import type { Feed } from '@labwright/feed';
import { type App, answers } from '@labwright/kernel/http';

export const feedRoutes = (feed: Feed<DeviceEvent>) => (app: App) => {
  // A server that closes waits for the requests in hand: those that only wait must not keep it.
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());

  app.get(
    '/events',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'What happened, oldest first; waits for something new',
        description:
          'At most 200 events after the cursor. None is missed and the order is the same for every reader. Kept for seven days.',
        tags: ['events'],
        querystring: FeedQuery,
        response: answers({ 200: EventPage }),
      },
    },
    (request) => {
      const { cursor, wait_seconds = 0 } = request.query;
      return feed.read({
        ...(cursor === undefined ? {} : { cursor }),
        wait_seconds,
        signal: AbortSignal.any([closing.signal, request.signal]),
      });
    },
  );
};
