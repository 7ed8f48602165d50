import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { jobsMigrations } from '@labwright/jobs';
import { openDb } from '@labwright/kernel/db';
import { migrate } from '@labwright/kernel/migrate';
import { announcer, notificationsMigrations } from '@labwright/notifications';
import { type Finding, figure } from '../findings.ts';
import { root } from '../laboratory/production.ts';
import { median } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

const recipients = 1_000_000;
/** Of these so many hear of it by mail as well: captured, so that it is the engine that is measured and no mail server. */
const byMail = 50_000;
const megabyte = 1024 * 1024;
/** Bytes that a process of this product may have. */
const mostMemory = 256;

/** One event to a million people, and the process that tells them killed halfway. */
export const notifications: Scenario = {
  name: 'notifications',
  method:
    `One event, ${recipients.toLocaleString('en')} simulated people who subscribed to it, ${byMail.toLocaleString('en')} of them by mail too (captured in a table). One process with the ` +
    'settings of the production image tells them in ranges of 1,000; it is ended by SIGKILL when half of the inboxes are filled, and another one goes on. Rate: notifications ' +
    'and mails by the time from the start of the first process to the last of them, the takeover included. Memory: the resident size, four times a second; ' +
    'the median of the last quarter of the readings of each process beside that of its second quarter.',
  limitSeconds: 1_800,
  onRequest: true,
  run: async (bench: Bench): Promise<Finding[]> => {
    const { laboratory, scope, settings, signal, say } = bench;
    const people = Math.round(recipients * settings.share);
    const mails = Math.round(byMail * settings.share);
    const url = await laboratory.emptyDatabase(scope, 'bench_notifications');
    const db = openDb({ url, applicationName: 'bench', max: 2 });
    scope.defer(() => db.close());
    await migrate(db, [jobsMigrations, notificationsMigrations]);
    const client = await laboratory.client(scope, url);
    const subscribe = (count: number, channel: string) =>
      client.query(
        `INSERT INTO notification_subscriptions (id, person_id, channel)
         SELECT gen_random_uuid(), 'p-' || lpad(n::text, 8, '0'), $2 FROM generate_series(1, $1::int) AS n`,
        [count, channel],
      );
    say(`${people} people subscribe`);
    await subscribe(people, 'in_app');
    await subscribe(mails, 'email');
    await client.query('VACUUM ANALYZE notification_subscriptions');
    await announce(db);

    const count = async (table: string): Promise<number> =>
      (await client.query(`SELECT count(*)::int AS count FROM ${table}`)).rows[0].count;
    const until = async (what: string, reached: () => Promise<boolean>) => {
      say(what);
      while (!(await reached())) await pause(500, undefined, { signal });
    };

    const begun = performance.now();
    const first = startTeller(bench, url);
    await until('half of the inboxes', async () => (await count('notification_inbox')) >= people / 2);
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const second = startTeller(bench, url);
    await until('all of them', async () => {
      const { rows } = await client.query(
        `SELECT count(*)::int AS open FROM jobs WHERE state NOT IN ('succeeded', 'failed', 'dead', 'cancelled')`,
      );
      return rows[0].open === 0;
    });
    const seconds = (performance.now() - begun) / 1_000;

    const { rows } = await client.query(
      `SELECT (SELECT count(*)::int FROM notification_inbox) AS told,
              (SELECT count(DISTINCT person_id)::int FROM notification_inbox) AS people,
              (SELECT count(*)::int FROM notification_mail) AS mails,
              (SELECT count(DISTINCT recipient)::int FROM notification_mail) AS mailed,
              (SELECT count(*)::int FROM notification_events) AS events`,
    );
    const [found] = rows;
    const exact =
      found.told === people && found.people === people && found.mails === mails && found.mailed === mails;
    const sizes = [first.sizes, second.sizes].map((all) => ({
      early: median(quarter(all, 1)) / megabyte,
      late: median(quarter(all, 3)) / megabyte,
      most: Math.max(...all) / megabyte,
    }));
    const growth = Math.max(...sizes.map(({ early, late }) => late / early));
    const most = Math.max(...sizes.map(({ most }) => most));
    bench.note(
      `${found.told.toLocaleString('en')} notifications for ${found.people.toLocaleString('en')} people and ${found.mails.toLocaleString('en')} mails for ${found.mailed.toLocaleString('en')}, of ${found.events} event, in ${seconds.toFixed(0)} s; ` +
        `memory ${sizes.map(({ early, late }) => `${early.toFixed(0)} → ${late.toFixed(0)} MB`).join(', then ')}.`,
    );
    return [
      figure({
        scenario: 'notifications',
        what: 'told in all, with a kill halfway',
        unit: '/s',
        ours: (people + mails) / seconds,
      }),
      figure(
        {
          scenario: 'notifications',
          what: 'people not told, or told twice',
          unit: 'jobs',
          ours: Math.abs(people - found.told) + Math.abs(mails - found.mails) + (found.told - found.people),
        },
        { text: 'none', holds: exact },
      ),
      figure(
        { scenario: 'notifications', what: 'memory at its most', unit: 'MB', ours: most },
        {
          text: `≤ ${mostMemory} MB, the last quarter ≤ 1.2 × the second`,
          holds: most <= mostMemory && growth <= 1.2,
        },
      ),
    ];
  },
};

const quarter = (all: readonly number[], which: 0 | 1 | 2 | 3): number[] => {
  const size = Math.max(1, Math.floor(all.length / 4));
  return all.slice(which * size, (which + 1) * size);
};

async function announce(db: ReturnType<typeof openDb>): Promise<void> {
  await db.transaction((tx) =>
    announcer.announce(tx, {
      id: randomUUID(),
      type: 'laboratory.announced',
      severity: 'warning',
      title: 'To a million people',
      text: 'Once each.',
      link: null,
      subject: {},
      occurred_at: new Date().toISOString(),
    }),
  );
}

function startTeller({ laboratory, scope }: Bench, url: string): { child: ChildProcess; sizes: number[] } {
  const sizes: number[] = [];
  const child = spawn(process.execPath, [`${root}bench/notifications/teller.ts`], {
    cwd: root,
    env: { PATH: process.env.PATH, ...laboratory.production, HUB_DATABASE_URL: url },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.on('message', (size) => sizes.push(Number(size)));
  scope.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
  return { child, sizes };
}
