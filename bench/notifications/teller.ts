/**
 * A process that tells people, as the hub does: the jobs of notifications, on the database that `HUB_DATABASE_URL` names. Everybody whom a
 * subscription names exists. Sends its resident size, in bytes, four times a second.
 */
import type { PeopleApi } from '@labwright/contract-hub/people';
import { createWorker } from '@labwright/jobs';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import { systemClock } from '@labwright/kernel/clock';
import { openDb } from '@labwright/kernel/db';
import { createLog } from '@labwright/kernel/log';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createNotifications } from '@labwright/notifications';

const log = createLog({ service: 'teller', level: 'fatal' });
const db = openDb({ url: process.env.HUB_DATABASE_URL ?? '', applicationName: 'teller', log });
const given = { db, log, metrics: createMetrics('teller'), clock: systemClock };
const people: PeopleApi = {
  find: async (ids) =>
    ids.map((id) => ({ id, name: id, email: `${id}@example.org`, role: 'scientist', locked: false })),
  page: async () => [],
};
const anyRate = { limit: 1_000_000, perMs: 1_000, burst: 100_000 };

const notifications = createNotifications(given, {
  people,
  publicUrl: 'http://localhost:5000',
  rates: { email: anyRate },
});
await notifications.start();
for (const jobs of notifications.jobs)
  await createWorker({
    ...given,
    ...jobs,
    transport: postgresTransport(db),
    concurrency: jobs.apart,
  }).start();
setInterval(() => process.send?.(process.memoryUsage().rss), 250);
