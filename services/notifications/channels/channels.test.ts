import { randomUUID } from 'node:crypto';
import { auditMigrations } from '@labwright/audit';
import { jobsMigrations } from '@labwright/jobs';
import { systemClock } from '@labwright/kernel/clock';
import { command, rows } from '@labwright/kernel/statement';
import { createTestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { announcer } from '../fan-out/announce.ts';
import { listInbox } from '../inbox/inbox.ts';
import { notificationsMigrations } from '../index.ts';
import { startMailServer } from '../testing/mail-server.ts';
import { startWebServer, type WebServer } from '../testing/web-server.ts';
import { allowing } from './addresses.ts';
import { capturedMail } from './captured-mail.ts';
import type { NotificationChannel } from './channel.ts';
import { type ChannelHarness, channelConformance } from './conformance.ts';
import { inAppChannel } from './in-app.ts';
import { slackChannel } from './slack.ts';
import { smtpChannel } from './smtp.ts';
import { webhookChannel } from './webhook.ts';

const rule = allowing(['127.0.0.1']);
const migrations = [auditMigrations, jobsMigrations, notificationsMigrations];
const captured = rows(
  'test.channels.captured',
  Type.Object({ subject: Type.String(), text: Type.String() }),
  'SELECT subject, text FROM notification_mail ORDER BY seq',
);
const noJobs = command('test.channels.no_jobs', 'DELETE FROM jobs');

channelConformance('in_app', async () => {
  const { db, drop } = await createTestDatabase(migrations);
  return {
    channel: inAppChannel(db),
    address: 'p1',
    prepare: async (item) => {
      const { event_id, title, text, type, severity, link, occurred_at } = item;
      await db.transaction((tx) =>
        announcer.announce(tx, { id: event_id, title, text, type, severity, link, subject: {}, occurred_at }),
      );
      await db.execute(noJobs);
    },
    received: async () =>
      (await listInbox(db, { personId: 'p1', unread: false, limit: 100 })).notifications
        .map(({ title, text, link }) => ({ text: `${title}\n${text}\n${link}` }))
        .reverse(),
    close: drop,
  };
});

channelConformance('mail that is captured', async () => {
  const { db, drop } = await createTestDatabase(migrations);
  return {
    channel: capturedMail(db),
    address: 'ada@example.org',
    prepare: async () => {},
    received: async () =>
      (await db.query(captured)).map(({ subject, text }) => ({ text: `${subject}\n${text}` })),
    close: drop,
  };
});

channelConformance('mail by SMTP', async () => {
  const server = await startMailServer();
  const channel = smtpChannel({ url: server.url, from: 'Labwright <lab@example.org>' });
  return {
    channel,
    address: 'ada@example.org',
    prepare: async () => {},
    received: async () => server.mail.map(({ subject, text }) => ({ text: `${subject}\n${text}` })),
    refuse: (how) => {
      server.behave = how;
    },
    accept: () => {
      server.behave = 'accept';
    },
    hang: () => {
      server.behave = 'hang';
    },
    close: async () => {
      await channel.stop();
      await server.close();
    },
  };
});

/** Receivers are held to know ids: a message that comes again is dropped. */
async function web(
  make: () => NotificationChannel,
  read: (server: WebServer) => { text: string }[],
): Promise<ChannelHarness> {
  const server = await startWebServer();
  const { answer: ok } = server;
  return {
    channel: make(),
    address: `${server.url}/hook/${randomUUID()}`,
    prepare: async () => {},
    received: async () => read(server),
    refuse: (how) => {
      server.answer = (_request, response) => void response.writeHead(how === 'for now' ? 503 : 410).end();
    },
    accept: () => {
      server.answer = ok;
    },
    hang: () => {
      server.answer = () => {};
    },
    close: server.close,
  };
}

channelConformance('webhook', () =>
  web(
    () => webhookChannel({ rule, clock: systemClock }),
    (server) => {
      const known = new Map(server.taken.map(({ headers, body }) => [headers['webhook-id'], body]));
      return [...known.values()].map((body) => ({
        text: JSON.parse(body)
          .events.map((event: Record<string, string>) => `${event.title}\n${event.text}\n${event.link}`)
          .join('\n'),
      }));
    },
  ),
);

channelConformance('Slack', () =>
  web(
    () => slackChannel({ rule }),
    (server) => server.taken.map(({ body }) => ({ text: JSON.parse(body).text })),
  ),
);
