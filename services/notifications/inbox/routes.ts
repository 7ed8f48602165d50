import {
  DeliveryPage,
  EventId,
  FailedDeliveryPage,
  NotificationPage,
  ReadAnswer,
  ReadRequest,
  UnreadAnswer,
} from '@labwright/contract-hub/notifications';
import { type App, answers, PageQuery } from '@labwright/kernel/http';
import Type from 'typebox';
import type { NotificationsDeps } from '../deps.ts';
import { personOf } from '../person.ts';
import { listDeliveries } from './deliveries.ts';
import { listFailures } from './failures.ts';
import { countUnread, listInbox, markAllRead, markRead } from './inbox.ts';

const tags = ['notifications'];
const config = { access: 'viewer' } as const;
const Params = Type.Object({ id: EventId });
const InboxQuery = Type.Object(
  { ...PageQuery, unread: Type.Optional(Type.Boolean({ default: false, description: 'Only unread ones.' })) },
  { additionalProperties: false },
);

export const inboxRoutes =
  ({ db }: NotificationsDeps, welcome: (personId: string) => Promise<void>) =>
  (app: App) => {
    app.get(
      '/notifications',
      {
        config,
        schema: {
          summary: 'List your notifications, newest first',
          tags,
          querystring: InboxQuery,
          response: answers({ 200: NotificationPage }),
        },
      },
      async (request) => {
        const personId = personOf(request);
        await welcome(personId);
        return listInbox(db, { limit: 50, unread: false, ...request.query, personId });
      },
    );

    app.get(
      '/notifications/unread',
      {
        config,
        schema: { summary: 'Count what you have not read', tags, response: answers({ 200: UnreadAnswer }) },
      },
      async (request) => {
        const personId = personOf(request);
        await welcome(personId);
        return { unread: await countUnread(db, personId) };
      },
    );

    app.post(
      '/notifications/:id/read',
      {
        config,
        schema: {
          summary: 'Mark a notification as read',
          tags,
          params: Params,
          response: answers({ 200: ReadAnswer }),
        },
      },
      async (request) => {
        const personId = personOf(request);
        await markRead(db, personId, request.params.id);
        return { message: 'Marked as read', unread: await countUnread(db, personId) };
      },
    );

    app.post(
      '/notifications/read',
      {
        config,
        schema: {
          summary: 'Mark all notifications as read, or all up to one',
          tags,
          body: ReadRequest,
          response: answers({ 200: ReadAnswer }),
        },
      },
      async (request) => {
        const personId = personOf(request);
        await markAllRead(db, personId, request.body.up_to);
        return { message: 'Marked as read', unread: await countUnread(db, personId) };
      },
    );

    app.get(
      '/notifications/deliveries',
      {
        config,
        schema: {
          summary: 'List what was sent to you by mail, webhook or Slack, newest first, and what became of it',
          tags,
          querystring: Type.Object(PageQuery, { additionalProperties: false }),
          response: answers({ 200: DeliveryPage }),
        },
      },
      (request) => listDeliveries(db, { limit: 50, ...request.query, personId: personOf(request) }),
    );

    app.get(
      '/notifications/failures',
      {
        config: { access: 'admin' },
        schema: {
          summary: 'List what did not reach people by mail, webhook or Slack, newest first, and why',
          description: 'Of everybody. A mail server that is away is tried for NOTIFY_KEEP_TRYING_HOURS.',
          tags,
          querystring: Type.Object(PageQuery, { additionalProperties: false }),
          response: answers({ 200: FailedDeliveryPage }),
        },
      },
      (request) => listFailures(db, { limit: 50, ...request.query }),
    );
  };
