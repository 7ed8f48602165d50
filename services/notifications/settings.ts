import { number, type Setting, text } from '@labwright/kernel/config';
import { allowing } from './channels/addresses.ts';
import type { NotificationsOptions } from './index.ts';

const parsed = <T>(doc: string, parse: (text: string) => T): Setting<T | undefined> => ({
  doc,
  fallback: undefined,
  optional: true,
  parse,
});

const smtpUrl = (value: string): string => {
  const { protocol } = URL.canParse(value) ? new URL(value) : { protocol: '' };
  if (protocol !== 'smtp:' && protocol !== 'smtps:')
    throw new Error('must be a URL like smtp://user:password@host:587');
  return value;
};

const networks = (value: string): readonly string[] => {
  const list = value.split(',').map((part) => part.trim());
  allowing(list);
  return list;
};

const rate = (channel: string, fallback: string) =>
  number({
    doc: `how many messages leave by ${channel} each second`,
    fallback,
    minimum: 1,
    maximum: 10_000,
    integer: true,
  });

/** How people are told: of hub-service. */
export const notifySettings = {
  NOTIFY_KEEP_TRYING_HOURS: number({
    doc: 'for how long a mail, webhook or Slack message is tried again that is not taken',
    fallback: '24',
    minimum: 0,
    maximum: 168,
  }),
  SMTP_URL: parsed('your mail server; without it mail is kept for administrators to read', smtpUrl),
  MAIL_FROM: text({ doc: 'whom mail comes from', fallback: 'Labwright <labwright@localhost>' }),
  NOTIFY_ALLOW_ADDRESSES: parsed(
    'networks beside the public internet to which webhooks may go, 10.1.0.0/16,fd00::/8',
    networks,
  ),
  NOTIFY_EMAIL_PER_SECOND: rate('email', '10'),
  NOTIFY_WEBHOOK_PER_SECOND: rate('webhook', '50'),
  NOTIFY_SLACK_PER_SECOND: rate('slack', '5'),
};

export interface NotifySettings {
  SMTP_URL?: string | undefined;
  MAIL_FROM?: string | undefined;
  NOTIFY_ALLOW_ADDRESSES?: readonly string[] | undefined;
  NOTIFY_KEEP_TRYING_HOURS?: number;
  NOTIFY_EMAIL_PER_SECOND?: number;
  NOTIFY_WEBHOOK_PER_SECOND?: number;
  NOTIFY_SLACK_PER_SECOND?: number;
}

/** The options that these settings stand for. What sends mail is large, and loaded only where there is a mail server. */
export async function notifyOptions(
  settings: NotifySettings = {},
): Promise<Pick<NotificationsOptions, 'mail' | 'allowedNetworks' | 'rates' | 'keepTryingMs'>> {
  const { SMTP_URL: url, MAIL_FROM: from = notifySettings.MAIL_FROM.fallback ?? '' } = settings;
  const each = (limit = 10) => ({ limit, perMs: 1_000 });
  return {
    allowedNetworks: settings.NOTIFY_ALLOW_ADDRESSES,
    keepTryingMs: (settings.NOTIFY_KEEP_TRYING_HOURS ?? 24) * 3_600_000,
    mail: url ? (await import('./channels/smtp.ts')).smtpChannel({ url, from }) : undefined,
    rates: {
      email: each(settings.NOTIFY_EMAIL_PER_SECOND),
      webhook: each(settings.NOTIFY_WEBHOOK_PER_SECOND ?? 50),
      slack: each(settings.NOTIFY_SLACK_PER_SECOND ?? 5),
    },
  };
}
