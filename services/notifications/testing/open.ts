import { randomUUID } from 'node:crypto';
import { auditMigrations } from '@labwright/audit';
import type { AnnouncedEvent } from '@labwright/contract-hub/announce';
import type { PeopleApi, Person } from '@labwright/contract-hub/people';
import { createWorker, jobsMigrations, queueDepth } from '@labwright/jobs';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import { type Clock, systemClock } from '@labwright/kernel/clock';
import { createHttpServer } from '@labwright/kernel/http';
import { localPrincipal, type Role } from '@labwright/kernel/identity';
import { silentLog } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createTestDatabase, eventually } from '@labwright/kernel/testing';
import Type from 'typebox';
import { createNotifications, type NotificationsOptions, notificationsMigrations } from '../index.ts';
import { withLocal } from '../people.ts';
import { type TestChannel, testChannel } from './channel.ts';

/** Any number of people who are made up as they are asked for: `p-000001`, … */
export function simulatedPeople(locked: ReadonlySet<string> = new Set()): PeopleApi {
  const person = (id: string): Person => ({
    id,
    name: `Person ${id}`,
    email: `${id}@example.org`,
    role: 'scientist',
    locked: locked.has(id),
  });
  return { find: async (ids) => ids.map(person), page: async () => [] };
}

const subscribeMany = command(
  'test.notifications.subscribe_many',
  `INSERT INTO notification_subscriptions (id, person_id, channel, event_type)
   SELECT gen_random_uuid(), 'p-' || lpad(n::text, 7, '0'), $3, $4 FROM generate_series($1::int, $2::int) AS n`,
);
const makeDue = command(
  'test.notifications.make_due',
  `UPDATE jobs SET run_at = now(), state = 'ready' WHERE state IN ('scheduled', 'retrying')`,
);
const wake = command('test.notifications.wake', 'SELECT wake_job_workers($1::text[])');
const inboxes = rows(
  'test.notifications.inboxes',
  Type.Object({ event_id: Type.String(), person_id: Type.String() }),
  'SELECT event_id, person_id FROM notification_inbox ORDER BY seq',
);
const deliveries = rows(
  'test.notifications.deliveries',
  Type.Object({
    person_id: Type.String(),
    channel: Type.String(),
    state: Type.String(),
    attempts: Type.Integer(),
  }),
  'SELECT person_id, channel, state, attempts FROM notification_deliveries ORDER BY created_at, person_id, channel',
);

export interface Answer {
  status: number;
  // What an answer holds differs by route; tests look at parts of it.
  body: Record<string, unknown> & { code?: string };
}

/** The domain on a database of its own, with a worker and channels that keep what they are given. The feeds are not followed. */
export async function openNotifications(
  options: { clock?: Clock; people?: PeopleApi; repeatable?: boolean } & Partial<NotificationsOptions> = {},
) {
  const database = await createTestDatabase([auditMigrations, jobsMigrations, notificationsMigrations], {
    max: 15,
  });
  const { db } = database;
  const given = { db, log: silentLog, metrics: createMetrics('hub'), clock: options.clock ?? systemClock };
  const channels = {
    email: testChannel('email', options.repeatable),
    webhook: testChannel('webhook', options.repeatable),
    slack: testChannel('slack', options.repeatable),
  } satisfies Record<string, TestChannel>;
  const people = options.people ?? simulatedPeople();
  const fast = { limit: 100_000, perMs: 1_000, burst: 10_000 };
  const module = createNotifications(given, {
    publicUrl: 'http://hub.test',
    channels,
    rates: { email: fast, webhook: fast, slack: fast },
    ...options,
    people,
  });
  let role: Role = 'viewer';
  let kind: 'user' | 'token' = 'user';
  const server = await createHttpServer({
    ...given,
    ...module,
    version: '0',
    description: 'test',
    maxEventLoopDelay: 60_000,
    authenticate: async ({ headers }) => ({
      ...localPrincipal,
      kind,
      id: String(headers['x-person'] ?? 'p-0000001'),
      name: 'Ada',
      role,
    }),
  });
  const workers = module.jobs.map((jobs) =>
    createWorker({
      ...given,
      ...jobs,
      transport: postgresTransport(db),
      concurrency: jobs.apart,
      drainMs: 50,
    }),
  );
  const queues = module.jobs.flatMap((jobs) => jobs.queues);
  await module.start();
  for (const worker of workers) await worker.start();

  const event = (given: Partial<AnnouncedEvent> = {}): AnnouncedEvent => ({
    id: randomUUID(),
    type: 'workflow.failed',
    severity: 'warning',
    title: 'PCR failed',
    text: 'Step 2 failed.',
    link: '/workflows/w1',
    subject: {},
    occurred_at: new Date().toISOString(),
    ...given,
  });
  const deps = {
    ...given,
    people: withLocal(people),
    channels,
    publicUrl: 'http://hub.test',
    keepTryingMs: 86_400_000,
  };

  const test = {
    database,
    db,
    deps,
    module,
    server,
    channels,
    event,
    /** Announces it in a transaction of its own; answers the event. */
    announce: async (changes: Partial<AnnouncedEvent> = {}): Promise<AnnouncedEvent> => {
      const made = event(changes);
      await db.transaction((tx) => module.announcer.announce(tx, made));
      return made;
    },
    as: (who: { role?: Role; kind?: 'user' | 'token' }) => {
      role = who.role ?? 'viewer';
      kind = who.kind ?? 'user';
    },
    request: async (
      method: 'GET' | 'POST' | 'PUT' | 'DELETE',
      url: string,
      body?: object,
      person = 'p-0000001',
    ): Promise<Answer> => {
      const response = await server.app.inject({
        method,
        url,
        headers: { 'x-person': person },
        ...(body ? { payload: body } : {}),
      });
      return { status: response.statusCode, body: response.json() };
    },
    /** People `first` to `last` subscribe. */
    subscribeMany: (first: number, last: number, channel = 'in_app', type = '*') =>
      db.execute(subscribeMany, [first, last, channel, type]),
    /** Resolves when there is nothing to do now; what waits for its time stays. */
    settled: async () => {
      await eventually('the jobs are done', async () => {
        for (const queue of queues) {
          const depth = await queueDepth(db, queue);
          if (depth.some(({ state }) => state !== 'scheduled' && state !== 'retrying')) return undefined;
        }
        return true;
      });
    },
    /** Lets what waits for its time begin now. */
    makeDue: async () => {
      await db.execute(makeDue);
      await db.execute(wake, [queues]);
    },
    inboxes: () => db.query(inboxes),
    deliveries: () => db.query(deliveries),
    close: async () => {
      await server.close();
      for (const worker of workers) await worker.stop();
      await module.stop();
      await database.drop();
    },
  };
  return test;
}

export type TestNotifications = Awaited<ReturnType<typeof openNotifications>>;
