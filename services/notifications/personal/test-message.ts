import { type AddressedChannel, notificationErrors } from '@labwright/contract-hub/notifications';
import type { NotificationsDeps } from '../deps.ts';
import { findAddress, noAddress } from './addresses.ts';

/** Milliseconds that the person waits for it. */
const patienceMs = 10_000;

/** Sends somebody a message at once, so that they see whether it arrives. Throws `no_address`, `address_refused`. */
export async function sendTest(
  deps: NotificationsDeps,
  request: { id: string; personId: string; name: string; channel: AddressedChannel },
): Promise<void> {
  const { id, personId, name, channel } = request;
  const address = await findAddress(deps.db, personId, channel);
  if (!address) throw noAddress(channel);
  const now = new Date(deps.clock.now()).toISOString();
  try {
    await deps.channels[channel].send(
      {
        id,
        kind: 'test',
        to: { person_id: personId, name, address: address.url, secret: address.secret },
        items: [
          {
            event_id: id,
            type: 'laboratory.test',
            severity: 'info',
            title: 'This is a test',
            text: 'Notifications of the laboratory arrive here.',
            link: deps.publicUrl,
            subject: {},
            occurred_at: now,
          },
        ],
        more: 0,
        again: false,
      },
      AbortSignal.timeout(patienceMs),
    );
  } catch (error) {
    throw notificationErrors.problem('address_refused', (error as Error).message, { cause: error });
  }
}
