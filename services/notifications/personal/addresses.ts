import { randomBytes } from 'node:crypto';
import { recordAudit } from '@labwright/audit';
import {
  type Address,
  type AddressedChannel,
  AddressedChannel as AddressedChannelSchema,
  notificationErrors,
} from '@labwright/contract-hub/notifications';
import type { Db, Queryable } from '@labwright/kernel/db';
import { nullable, Timestamp } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { NotificationsDeps } from '../deps.ts';

const Row = Type.Object({
  channel: AddressedChannelSchema,
  url: Type.String(),
  secret: nullable(Type.String()),
  created_at: Timestamp,
});

const find = rows(
  'notifications.addresses.find',
  Row,
  'SELECT channel, url, secret, created_at FROM notification_addresses WHERE person_id = $1 AND channel = $2',
);
const list = rows(
  'notifications.addresses.list',
  Row,
  'SELECT channel, url, secret, created_at FROM notification_addresses WHERE person_id = $1 ORDER BY channel',
);
const put = rows(
  'notifications.addresses.put',
  Row,
  `INSERT INTO notification_addresses (person_id, channel, url, secret) VALUES ($1, $2, $3, $4)
   ON CONFLICT (person_id, channel) DO UPDATE SET url = excluded.url, secret = excluded.secret, created_at = clock_timestamp()
   RETURNING channel, url, secret, created_at`,
);
const remove = command(
  'notifications.addresses.remove',
  'DELETE FROM notification_addresses WHERE person_id = $1 AND channel = $2',
);

export const findAddress = (db: Queryable, personId: string, channel: string) =>
  db.first(find, [personId, channel]);

/** The address of a Slack hook is its password: it is shown as far as the host. */
const shown = ({
  channel,
  url,
  created_at,
}: {
  channel: AddressedChannel;
  url: string;
  created_at: string;
}): Address => ({
  channel,
  url: `${new URL(url).origin}/…`,
  created_at,
});

export const listAddresses = async (db: Queryable, personId: string): Promise<Address[]> =>
  (await db.query(list, [personId])).map(shown);

/** Sets where a person is reached. A webhook gets a new secret with it. Throws `invalid_address`. */
export async function putAddress(
  deps: NotificationsDeps,
  request: { personId: string; channel: AddressedChannel; url: string },
): Promise<{ address: Address; secret: string | null }> {
  const { personId, channel, url } = request;
  try {
    deps.channels[channel].checkAddress?.(url);
  } catch (error) {
    throw notificationErrors.problem('invalid_address', (error as Error).message);
  }
  // The form of the Standard Webhooks specification.
  const secret = channel === 'webhook' ? `whsec_${randomBytes(32).toString('base64')}` : null;
  return deps.db.transaction(async (tx) => {
    const before = await findAddress(tx, personId, channel);
    const stored = await tx.first(put, [personId, channel, new URL(url).href, secret]);
    if (!stored) throw new Error('an address was not stored');
    const address = shown(stored);
    await recordAudit(tx, {
      action: 'notification_address.set',
      subject: subjectOf(personId, channel),
      before: before && shown(before),
      after: address,
    });
    return { address, secret };
  });
}

export async function removeAddress(db: Db, personId: string, channel: AddressedChannel): Promise<void> {
  await db.transaction(async (tx) => {
    const before = await findAddress(tx, personId, channel);
    if (!before || (await tx.execute(remove, [personId, channel])) === 0) throw noAddress(channel);
    await recordAudit(tx, {
      action: 'notification_address.remove',
      subject: subjectOf(personId, channel),
      before: shown(before),
    });
  });
}

const subjectOf = (personId: string, channel: string) => `notification_address:${personId}:${channel}`;

export const noAddress = (channel: string) =>
  notificationErrors.problem(
    'no_address',
    channel === 'email'
      ? 'Your account has no mail address. An administrator can give it one.'
      : `You gave no address for ${channel}. PUT /notifications/addresses/${channel} sets it.`,
  );
