import { EventPage } from '@labwright/contract-devices';
import { type App, answers } from '@labwright/kernel/http';
import Type from 'typebox';
import type { Feed } from './feed.ts';

const EventsQuery = Type.Object(
  {
    cursor: Type.Optional(
      Type.String({ minLength: 1, maxLength: 60, description: '`next_cursor` of the answer before.' }),
    ),
    wait_seconds: Type.Optional(
      Type.Number({ minimum: 0, maximum: 60, default: 0, description: 'How long to wait for a new event.' }),
    ),
  },
  { additionalProperties: false },
);

export const feedRoutes = (feed: Feed) => (app: App) => {
  // A server that closes waits for the requests in hand: those that only wait must not keep it.
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());

  app.get(
    '/events',
    {
      schema: {
        summary: 'What happened, oldest first; waits for something new',
        description:
          'At most 200 events after the cursor. None is missed and the order is the same for every reader. Kept for seven days.',
        tags: ['events'],
        querystring: EventsQuery,
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
