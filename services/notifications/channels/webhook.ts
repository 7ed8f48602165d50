import { createHmac } from 'node:crypto';
import type { Clock } from '@labwright/kernel/clock';
import type { Message, NotificationChannel } from './channel.ts';
import { checkUrl, type PostOptions, post } from './post.ts';

/**
 * The signature of the Standard Webhooks specification (standardwebhooks.com): HMAC-SHA256 over id, time and body, so that neither a
 * changed message nor an old one that is sent again is taken for ours. `at`: seconds since 1970.
 */
function signature(secret: string, id: string, at: number, body: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64')}`;
}

/** For programs: JSON, signed. Its id is the same at each attempt, by which the receiver knows what it has already. */
export function webhookChannel(options: PostOptions & { clock: Clock }): NotificationChannel {
  return {
    name: 'webhook',
    repeatable: true,
    checkAddress: (address) => checkUrl(address, options.rule),
    send: async (message, signal) => {
      const body = JSON.stringify(payloadOf(message));
      const at = Math.floor(options.clock.now() / 1_000);
      const headers: Record<string, string> = {
        'webhook-id': message.id,
        'webhook-timestamp': String(at),
      };
      if (message.to.secret !== null)
        headers['webhook-signature'] = signature(message.to.secret, message.id, at, body);
      await post(message.to.address, body, headers, options, signal);
    },
    stop: async () => {},
  };
}

const payloadOf = ({ id, kind, to, items, more }: Message) => ({
  type: `notification.${kind}`,
  id,
  person: { id: to.person_id, name: to.name },
  events: items.map(({ event_id, ...item }) => ({ id: event_id, ...item })),
  more,
});
