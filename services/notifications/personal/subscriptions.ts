import { recordAudit } from '@labwright/audit';
import {
  notificationErrors,
  type SubscribeRequest,
  type Subscription,
  Subscription as SubscriptionSchema,
} from '@labwright/contract-hub/notifications';
import { type Db, isUniqueViolation, type Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { NotificationsDeps } from '../deps.ts';
import { findAddress, noAddress } from './addresses.ts';

/** The whole list is one answer: nobody needs more. */
const mostSubscriptions = 200;

const columns = 'id, channel, event_type, device_id, workflow_id, min_severity, digest, created_at';

/** Index: notification_subscriptions_person. */
const list = rows(
  'notifications.subscriptions.list',
  SubscriptionSchema,
  `SELECT ${columns} FROM notification_subscriptions WHERE person_id = $1 ORDER BY id LIMIT ${mostSubscriptions}`,
);

const insert = rows(
  'notifications.subscriptions.insert',
  SubscriptionSchema,
  `INSERT INTO notification_subscriptions
     (id, person_id, channel, event_type, device_id, workflow_id, min_severity, digest)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
   ON CONFLICT (id) DO NOTHING
   RETURNING ${columns}`,
);

const find = rows(
  'notifications.subscriptions.find',
  SubscriptionSchema,
  `SELECT ${columns} FROM notification_subscriptions WHERE id = $1 AND person_id = $2`,
);

/** Index: notification_subscriptions_topic. */
const same = rows(
  'notifications.subscriptions.same',
  Type.Object({ id: Type.String() }),
  `SELECT id FROM notification_subscriptions
   WHERE topic = $3 || ' ' || $4 || ' ' || coalesce($5, '*') || ' ' || coalesce($6, '*') AND person_id = $1 AND channel = $2`,
);

const remove = rows(
  'notifications.subscriptions.remove',
  SubscriptionSchema,
  `DELETE FROM notification_subscriptions WHERE id = $1 AND person_id = $2 RETURNING ${columns}`,
);

const subjectOf = (id: string) => `subscription:${id}`;

export const listSubscriptions = (db: Queryable, personId: string) => db.query(list, [personId]);

/**
 * Somebody wants to hear of something by a channel; asked again with the same id, the one that was made is answered.
 * Throws `subscription_exists`, `too_many_subscriptions`, `no_address`.
 */
export async function subscribe(
  deps: NotificationsDeps,
  request: SubscribeRequest & { id: string; personId: string },
): Promise<Subscription> {
  const { id, personId, channel, event_type = '*', min_severity = 'info', digest = 'none' } = request;
  await mustBeReached(deps, personId, channel);
  const what = [min_severity, event_type, request.device_id ?? null, request.workflow_id ?? null];
  const [severity, type, device, workflow] = what;
  try {
    const known = await listSubscriptions(deps.db, personId);
    const made = known.find((one) => one.id === id);
    if (made) return made;
    if (known.length >= mostSubscriptions)
      throw notificationErrors.problem(
        'too_many_subscriptions',
        `You have ${known.length} subscriptions, and more are not kept. Delete some, or subscribe to all of a noun: workflow.*`,
      );
    return await deps.db.transaction(async (tx) => {
      const stored = await tx.first(insert, [
        id,
        personId,
        channel,
        type,
        device,
        workflow,
        severity,
        digest,
      ]);
      const subscription = stored ?? (await tx.first(find, [id, personId]));
      if (!subscription) throw new Error('a subscription was not stored');
      if (stored)
        await recordAudit(tx, { action: 'subscription.create', subject: subjectOf(id), after: stored });
      return subscription;
    });
  } catch (error) {
    if (!isUniqueViolation(error, 'notification_subscriptions_topic')) throw error;
    const other = await deps.db.first(same, [personId, channel, ...what]);
    throw notificationErrors.problem(
      'subscription_exists',
      `You hear of this by ${channel} already. To have it come in another way, delete that subscription first.`,
      { extra: other ? { id: other.id } : {} },
    );
  }
}

async function mustBeReached(
  deps: NotificationsDeps,
  personId: string,
  channel: SubscribeRequest['channel'],
): Promise<void> {
  if (channel === 'in_app') return;
  const reached =
    channel === 'email'
      ? (await deps.people.find([personId])).some(({ email }) => email !== null)
      : (await findAddress(deps.db, personId, channel)) !== undefined;
  if (!reached) throw noAddress(channel);
}

/** Throws `subscription_not_found`. */
export async function unsubscribe(db: Db, personId: string, id: string): Promise<void> {
  const removed = await db.transaction(async (tx) => {
    const before = await tx.first(remove, [id, personId]);
    if (before) await recordAudit(tx, { action: 'subscription.delete', subject: subjectOf(id), before });
    return before;
  });
  if (removed) return;
  throw notificationErrors.problem(
    'subscription_not_found',
    `You have no subscription ${id}. GET /notifications/subscriptions lists those that you have.`,
  );
}
