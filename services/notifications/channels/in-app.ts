import type { Db } from '@labwright/kernel/db';
import { fillInbox } from '../fan-out/store.ts';
import type { NotificationChannel } from './channel.ts';

/**
 * The inbox. The fan-out fills it for a whole range at once, in the transaction that ends its job; this is the same for one message. An
 * inbox keeps events apart, so that a digest is all that it lists.
 */
export function inAppChannel(db: Db): NotificationChannel {
  return {
    name: 'in_app',
    repeatable: true,
    send: async ({ to, items }, signal) => {
      signal.throwIfAborted();
      await db.transaction(async (tx) => {
        for (const { event_id } of items) await fillInbox(tx, event_id, [to.person_id]);
      });
    },
    stop: async () => {},
  };
}
