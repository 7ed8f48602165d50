import type { Caller, CallOptions } from '../http/call.ts';
import type { BodyOf, QueryOf } from '../http/routes.ts';
import { pages } from '../pages.ts';
import type { Notification, Subscription } from '../types.ts';

const service = 'hub-service';

/** What you were told, and what you want to be told. */
export function notificationsOf({ call }: Caller) {
  return {
    /** Newest first. */
    list: (filter: QueryOf<typeof service, '/notifications'> = {}, options: CallOptions = {}) =>
      pages<Notification>(async (cursor = filter.cursor, signal) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page = await call(service, 'GET', '/notifications', { query, ...options, signal });
        return { rows: page.notifications, next_cursor: page.next_cursor };
      }, options),

    /** How many are unread. */
    unread: async (options: CallOptions = {}): Promise<number> =>
      (await call(service, 'GET', '/notifications/unread', options)).unread,

    /** Answers how many are unread then. */
    markRead: async (id: string, options: CallOptions = {}): Promise<number> =>
      (await call(service, 'POST', '/notifications/{id}/read', { path: { id }, ...options })).unread,

    subscriptions: async (options: CallOptions = {}): Promise<readonly Subscription[]> =>
      (await call(service, 'GET', '/notifications/subscriptions', options)).subscriptions,

    subscribe: async (
      body: BodyOf<typeof service, 'POST', '/notifications/subscriptions'>,
      options: CallOptions = {},
    ): Promise<Subscription> =>
      (await call(service, 'POST', '/notifications/subscriptions', { body, ...options })).subscription,

    unsubscribe: async (id: string, options: CallOptions = {}): Promise<void> => {
      await call(service, 'DELETE', '/notifications/subscriptions/{id}', { path: { id }, ...options });
    },
  };
}
