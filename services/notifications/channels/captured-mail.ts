import type { Db } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';
import type { NotificationChannel } from './channel.ts';
import { mailText } from './mail-text.ts';

const capture = command(
  'notifications.capture_mail',
  `INSERT INTO notification_mail (id, recipient, subject, text) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING`,
);

/** Mail of a laboratory without a mail server: kept in a table, where administrators read it. */
export function capturedMail(db: Db): NotificationChannel {
  return {
    name: 'email',
    repeatable: true,
    send: async (message, signal) => {
      signal.throwIfAborted();
      const { subject, text } = mailText(message);
      await db.execute(capture, [message.id, message.to.address, subject, text]);
    },
    stop: async () => {},
  };
}
