/**
 * A process that carries out the jobs of notifications until it is killed. `DATABASE_URL`, and `RECEIVER_URL`, which gets every message of
 * two channels: `email`, which says that a message comes again, and `webhook`, whose receiver knows ids.
 */
import { createWorker } from '@labwright/jobs';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import { systemClock } from '@labwright/kernel/clock';
import { openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { createMetrics } from '@labwright/kernel/telemetry';
import type { NotificationChannel } from '../channels/channel.ts';
import { createNotifications } from '../index.ts';
import { simulatedPeople } from './open.ts';

const { DATABASE_URL = '', RECEIVER_URL = '' } = process.env;
const db = openDb({ url: DATABASE_URL, applicationName: 'hub under test', max: 10 });
const given = { db, log: silentLog, metrics: createMetrics('hub'), clock: systemClock };

const channel = (name: string, repeatable: boolean): NotificationChannel => ({
  name,
  repeatable,
  send: async ({ id, again }, signal) => {
    const { ok, status } = await fetch(`${RECEIVER_URL}/${name}/${id}${again ? '?again' : ''}`, {
      method: 'POST',
      signal,
    });
    if (!ok) throw new Error(`answered ${status}`);
  },
  stop: async () => {},
});

const fast = { limit: 100_000, perMs: 1_000, burst: 10_000 };
const notifications = createNotifications(given, {
  publicUrl: 'http://hub.test',
  people: simulatedPeople(),
  channels: { email: channel('email', false), webhook: channel('webhook', true) },
  rates: { email: fast, webhook: fast, slack: fast },
});
await notifications.start();
for (const jobs of notifications.jobs)
  await createWorker({
    ...given,
    ...jobs,
    transport: postgresTransport(db),
    concurrency: jobs.apart,
    leaseMs: 1_500,
  }).start();
process.stdout.write('works\n');
