import { FeedQuery } from '@labwright/contract-devices';
import { type WorkflowEvent, WorkflowEventPage } from '@labwright/contract-workflows';
import type { Feed } from '@labwright/feed';
import { type App, answers } from '@labwright/kernel/http';

export const tidingsRoutes = (feed: Feed<WorkflowEvent>) => (app: App) => {
  // A server that closes waits for the requests in hand: those that only wait must not keep it.
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());

  app.get(
    '/events',
    {
      schema: {
        summary: 'What happened to workflows and steps, oldest first; waits for something new',
        description:
          'At most 200 events after the cursor. None is missed and the order is the same for every reader. Kept for seven days.',
        tags: ['events'],
        querystring: FeedQuery,
        response: answers({ 200: WorkflowEventPage }),
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
