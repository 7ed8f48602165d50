import { setTimeout as pause } from 'node:timers/promises';
import { enqueue, jobsMigrations, type Task } from '@labwright/jobs';
import { openDb } from '@labwright/kernel/db';
import { migrate } from '@labwright/kernel/migrate';
import type pg from 'pg';
import { type Finding, figure } from '../findings.ts';
import { sharedClock } from '../processes/orders.ts';
import { median } from '../stats.ts';
import { holdOnce, holdRepeatable } from '../takeover/tasks.ts';
import { startWorkers } from '../takeover/workers.ts';
import type { Bench, Scenario } from './scenario.ts';

interface Way {
  name: string;
  database: string;
  task: Task<Record<never, never>>;
  supervised: boolean;
  times: number;
  limitMs: number;
}

const ways: Way[] = [
  {
    name: 'a repeatable task, seen by its closed connection',
    database: 'bench_takeover_repeatable',
    task: holdRepeatable,
    supervised: false,
    times: 10,
    limitMs: 1_000,
  },
  {
    name: 'any task, seen by `labwright scale`',
    database: 'bench_takeover_supervised',
    task: holdOnce,
    supervised: true,
    times: 10,
    limitMs: 1_000,
  },
  {
    name: 'any task, by the end of its lease (10 s)',
    database: 'bench_takeover_lease',
    task: holdOnce,
    supervised: false,
    times: 3,
    limitMs: 15_000,
  },
];
const supervisedWorkers = 3;
/** Milliseconds after which a worker that has joined idles. */
const settleMs = 1_000;

/** A worker is killed; its job goes on elsewhere. */
export const takeover: Scenario = {
  name: 'takeover',
  method:
    'A worker process (`labwright worker`, its settings as they come) is ended by SIGKILL in the middle of a job, while another one idles: from just before the signal ' +
    `until the handler begins there, ${ways.map(({ times }) => times).join(', ')} times. Supervised are ${supervisedWorkers} workers of one \`labwright scale\`.`,
  limitSeconds: 600,
  run: async (bench: Bench): Promise<Finding[]> => {
    const found: Finding[] = [];
    for (const way of ways) {
      bench.say(way.name);
      const took = await measure(bench, way);
      const worst = Math.max(...took);
      found.push({
        ...figure(
          { scenario: 'takeover', what: way.name, unit: 'ms', ours: median(took) },
          { text: `≤ ${way.limitMs.toLocaleString('en')} ms, the worst too`, holds: worst <= way.limitMs },
        ),
        beside: { what: `the worst of ${took.length}`, value: worst },
      });
    }
    return found;
  },
};

async function measure(bench: Bench, way: Way): Promise<number[]> {
  const { laboratory, scope, settings, signal } = bench;
  const url = await laboratory.emptyDatabase(scope, way.database);
  const db = openDb({ url, applicationName: 'bench', max: 2 });
  scope.defer(() => db.close());
  await migrate(db, [jobsMigrations]);
  await db.raw('CREATE TABLE begun (job bigint, attempt integer, pid integer, at float8)');
  const client = await laboratory.client(scope, url);

  /** Workers get numbers in the order in which they join. */
  const untilJoined = (count: number) =>
    until(`worker ${count} has joined`, signal, async () => {
      const { rows } = await client.query('SELECT max(id)::int AS joined FROM job_workers');
      return rows[0].joined >= count || undefined;
    });
  if (way.supervised) startWorkers(bench, url, ['scale', '--count', String(supervisedWorkers)]);
  else startWorkers(bench, url, ['worker']);
  await untilJoined(way.supervised ? supervisedWorkers : 1);
  await enqueue(db, way.task, {});
  let holder = await begunAfter(client, 0, signal);
  const took: number[] = [];
  for (let time = 1; time <= Math.max(1, Math.round(way.times * settings.share)); time += 1) {
    if (!way.supervised) startWorkers(bench, url, ['worker']);
    await untilJoined(way.supervised ? supervisedWorkers + time - 1 : time + 1);
    await pause(settleMs, undefined, { signal });
    const killedAt = sharedClock();
    process.kill(holder.pid, 'SIGKILL');
    holder = await begunAfter(client, killedAt, signal);
    took.push((holder.at - killedAt) / 1e6);
  }
  return took;
}

const begunAfter = (client: pg.Client, at: number, signal: AbortSignal) =>
  until('the job has begun', signal, async () => {
    const { rows } = await client.query<{ pid: number; at: number }>(
      'SELECT pid, at FROM begun WHERE at > $1 ORDER BY at LIMIT 1',
      [at],
    );
    return rows[0];
  });

const giveUpMs = 60_000;

async function until<T>(what: string, signal: AbortSignal, look: () => Promise<T | undefined>): Promise<T> {
  const giveUpAt = performance.now() + giveUpMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > giveUpAt) throw new Error(`It did not come to this: ${what}`);
    await pause(20, undefined, { signal });
  }
}
