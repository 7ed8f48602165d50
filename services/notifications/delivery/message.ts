import type { Item, Message } from '../channels/channel.ts';
import type { NotificationsDeps, RemoteChannel } from '../deps.ts';
import { type EventRow, subjectOf } from '../fan-out/event-row.ts';
import { findAddress } from '../personal/addresses.ts';

/** A path of the hub becomes an address that can be followed from a mail. */
export function itemOf(deps: Pick<NotificationsDeps, 'publicUrl'>, event: EventRow): Item {
  const { id, type, severity, title, text, link, occurred_at } = event;
  return {
    event_id: id,
    type,
    severity,
    title,
    text,
    link: link?.startsWith('/') ? deps.publicUrl + link : link,
    subject: subjectOf(event),
    occurred_at,
  };
}

/** Where a person is reached by a channel; a sentence where they are not. */
export async function recipientOf(
  deps: NotificationsDeps,
  personId: string,
  channel: RemoteChannel,
): Promise<Message['to'] | string> {
  const [person] = await deps.people.find([personId]);
  if (!person) return 'The account is gone.';
  if (person.locked) return 'The account is locked.';
  const { id, name, email } = person;
  if (channel === 'email')
    return email === null
      ? 'The account has no mail address.'
      : { person_id: id, name, address: email, secret: null };
  const address = await findAddress(deps.db, personId, channel);
  return address
    ? { person_id: id, name, address: address.url, secret: address.secret }
    : `There is no address for ${channel} any more.`;
}
