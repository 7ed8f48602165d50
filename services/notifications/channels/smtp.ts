import { Readable } from 'node:stream';
import { createTransport } from 'nodemailer';
import { type NotificationChannel, Uncertain, Undeliverable } from './channel.ts';
import { mailText } from './mail-text.ts';
import { smtpConnections } from './smtp-connections.ts';

export interface SmtpOptions {
  /** `smtp://user:password@host:587`, or `smtps://` */
  url: string;
  /** `Labwright <lab@example.org>` */
  from: string;
}

/** How a failure of nodemailer tells where it happened. */
interface SmtpError extends Error {
  code?: string;
  /** What the server answered; undefined where it did not. */
  responseCode?: number;
}

/**
 * Mail by a server of your own. A server has no memory of messages: a mail that may have been taken is sent again under the same `Message-ID`, by which
 * many mailboxes show it once, and says in its text that it may have come before.
 */
export function smtpChannel({ url, from }: SmtpOptions): NotificationChannel {
  const transport = createTransport(
    {
      url,
      pool: true,
      maxConnections: smtpConnections,
      // What may have been taken is ours to send again, not the library's.
      maxRequeues: 0,
      connectionTimeout: 10_000,
      greetingTimeout: 10_000,
      socketTimeout: 20_000,
      // Nothing of a message is a path or an address to read from.
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from },
  );
  const domain = /@([^@>\s]+)>?\s*$/.exec(from)?.[1] ?? 'labwright.invalid';
  return {
    name: 'email',
    repeatable: false,
    send: async (message, signal) => {
      signal.throwIfAborted();
      const { subject, text } = mailText(message);
      // Until its last byte was fetched the server cannot have taken it.
      let handedOver = false;
      const content = Readable.from([Buffer.from(text)]).once('end', () => {
        handedOver = true;
      });
      const sending = transport.sendMail({
        to: { name: message.to.name, address: message.to.address },
        subject,
        text: content,
        textEncoding: 'quoted-printable',
        messageId: `<${message.id}@${domain}>`,
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Labwright-Notification': message.kind },
      });
      await Promise.race([sending, aborted(signal)]).catch((error) => {
        throw verdictOf(error, handedOver);
      });
    },
    stop: async () => transport.close(),
  };
}

/** A mail under way cannot be called back. */
const aborted = (signal: AbortSignal) =>
  new Promise<never>((_, refuse) => {
    const giveUp = () => refuse(new Uncertain('The mail server did not answer in our time.'));
    signal.addEventListener('abort', giveUp, { once: true });
  });

function verdictOf(error: SmtpError, handedOver: boolean): Error {
  if (error instanceof Uncertain) return error;
  const { code, responseCode, message } = error;
  if (responseCode === undefined) {
    // An address that is none never left us.
    if (code === 'EENVELOPE') return new Undeliverable(`This is no mail address: ${message}`);
    return handedOver
      ? new Uncertain(`Nobody knows whether the mail server took it: ${message}`)
      : new Error(`The mail server cannot be reached: ${message}`, { cause: error });
  }
  // 5yz: for good, where it is about this mail and not about who we are.
  return responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE')
    ? new Undeliverable(`The mail server refuses it: ${message}`)
    : new Error(`The mail server did not take it: ${message}`, { cause: error });
}
