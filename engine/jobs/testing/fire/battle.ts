/** The whole: servers, processes and a client, faults for a while, and what has to be true afterwards. */
import { type Db, openDb } from '@labwright/kernel/db';
import { migrate } from '@labwright/kernel/migrate';
import { kernelMigrations } from '@labwright/kernel/service';
import { rows } from '@labwright/kernel/statement';
import { eventually, seededRandom, startPostgres } from '@labwright/kernel/testing';
import Type from 'typebox';
import { defineSchedule, jobsMigrations, pauseSchedule, putSchedule } from '../../index.ts';
import { startRabbit } from '../rabbitmq.ts';
import { createClient } from './client.ts';
import { faultsOn, rage } from './faults.ts';
import { type Fighter, startFighter } from './front.ts';
import { deedsSql, tick } from './tasks.ts';
import { countJobs, findFaults, lookForOpen, lookForStuck } from './verdict.ts';

export interface BattleOptions {
  transport: 'postgres' | 'rabbitmq';
  jobs: number;
  /** Of faults. */
  seconds: number;
  workers: number;
  keys: number;
  /** Milliseconds that a handler takes at most. */
  longestMs: number;
  /** Seconds after the faults in which everything has to end. */
  endsWithinSeconds: number;
  say(line: string): void;
}

export interface BattleReport {
  seed: number;
  /** Promises that were broken; none where all is well. */
  faults: string[];
  jobs: number;
  answered: number;
  unanswered: number;
  /** How often each fault came. */
  came: Map<string, number>;
  ends: { task: string; state: string; count: number; attempts: number }[];
  starts: number;
  disk: string;
  /** Seconds from the last fault to the last end. */
  calmSeconds: number;
}

const queue = 'fire';
const leaseMs = 1_500;
const terminate = rows(
  'test.fire.terminate',
  Type.Object({ done: Type.Boolean() }),
  `SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity
   WHERE datname = current_database() AND application_name = 'under fire' ORDER BY random() LIMIT $1`,
);

/** Undefined where this machine has no server that it needs; with `CI=true` that is an error. */
export async function fight(options: BattleOptions): Promise<BattleReport | undefined> {
  const { say, workers: workerCount } = options;
  const random = seededRandom(`jobs under fire, ${options.transport}`);
  const rabbit = options.transport === 'rabbitmq' ? await startRabbit() : undefined;
  if (options.transport === 'rabbitmq' && !rabbit) return undefined;
  const postgres = await startPostgres({ diskMiB: 64 });
  const db = openDb({
    url: postgres.url,
    applicationName: 'test',
    max: 4,
    statementTimeout: 10_000,
    answerTimeout: 1_000,
  });
  const fighters: Fighter[] = [];
  try {
    await migrate(db, [kernelMigrations, jobsMigrations]);
    await db.raw(deedsSql);
    await putSchedule(
      db,
      defineSchedule({
        name: 'fire',
        task: tick,
        args: { tick: null },
        tickIn: 'tick',
        everyMs: 1_000,
        queue,
        maxAttempts: 100,
      }),
    );
    const client = createClient(db, random, {
      queue,
      keys: options.keys,
      longestMs: options.longestMs,
      batchJobs: Math.max(20, Math.round(options.jobs / 250)),
      poisons: 3,
    });
    const settings = {
      database: postgres.url,
      ...(rabbit ? { broker: rabbit.url } : {}),
      queues: [queue],
      leaseMs,
      concurrency: 10,
    };
    const workers = await Promise.all(
      Array.from({ length: workerCount }, () => startFighter({ ...settings, role: 'worker' })),
    );
    fighters.push(...workers);
    const relays = rabbit
      ? await Promise.all([1, 2].map(() => startFighter({ ...settings, role: 'relay' })))
      : [];
    fighters.push(...relays);

    const faults = faultsOn(
      {
        workers,
        relays,
        postgres,
        rabbit,
        leaseMs,
        terminate: async (most) => void (await db.query(terminate, [most]).catch(() => [])),
      },
      random,
    );
    const started = Date.now();
    const time = () => `${((Date.now() - started) / 1_000).toFixed(1)} s`;
    let raging = true;
    const asking = (async () => {
      // The jobs are spread over the time of the faults.
      while (raging || client.jobs < options.jobs) {
        const share = (Date.now() - started) / (options.seconds * 1_000);
        if (client.jobs >= options.jobs) return;
        if (client.jobs > options.jobs * (0.3 + share))
          await new Promise((resolve) => setTimeout(resolve, 50));
        else if (!(await client.batch())) await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    asking.catch(() => {});
    const came = await rage(faults, random, {
      ms: options.seconds * 1_000,
      onFault: (name) => say(`${time()}  ${name}`),
    });
    raging = false;
    await asking;
    await eventually('the schedule is paused', () =>
      steadily(() => pauseSchedule(db, 'fire').then(() => true)),
    );
    const calm = Date.now();
    say(`${time()}  calm; ${client.jobs} jobs were asked for`);
    const broken = await untilEnded(db, options.endsWithinSeconds);
    const calmSeconds = (Date.now() - calm) / 1_000;
    say(`${time()}  ${broken.length === 0 ? 'every job has ended' : broken.join('\n')}`);
    await untilBuried(db);
    const stops = await Promise.all(
      fighters
        .splice(0)
        .map(async (fighter) => ({ starts: fighter.starts, how: await fighter.stop(30_000) })),
    );
    for (const { how } of stops) if (how) broken.push(how);
    broken.push(...(await findFaults(db, client.answered)));
    return {
      seed: random.seed,
      faults: broken,
      jobs: client.jobs,
      answered: client.answered.length,
      unanswered: client.unanswered.length,
      came,
      ends: await countJobs(db),
      starts: stops.reduce((sum, { starts }) => sum + starts, 0),
      disk: postgres.disk?.kind ?? 'none',
      calmSeconds,
    };
  } finally {
    await Promise.all(fighters.map((fighter) => fighter.stop(1)));
    await db.close();
    await postgres.remove();
    await rabbit?.remove();
  }
}

/** Undefined instead of an error: the server may be on its way back. */
const steadily = <T>(look: () => Promise<T>): Promise<T | undefined> => look().catch(() => undefined);

const leases = rows(
  'test.fire.leases',
  Type.Object({ id: Type.String(), alive_until: Type.String() }),
  'SELECT id, alive_until FROM job_workers',
);

/** Until each worker on record is seen to live: what a fault left behind is buried at the end of its lease, by those that live. */
async function untilBuried(db: Db): Promise<void> {
  const before = await eventually('the database answers', () => steadily(() => db.query(leases)));
  await eventually(
    'the dead are buried',
    () =>
      steadily(async () => {
        const now = new Map((await db.query(leases)).map((worker) => [worker.id, worker.alive_until]));
        if (before.every(({ id, alive_until }) => now.get(id) !== alive_until)) return true;
        await new Promise((resolve) => setTimeout(resolve, 200));
        return undefined;
      }),
    30_000,
  );
}

async function untilEnded(db: Db, seconds: number): Promise<string[]> {
  try {
    await eventually(
      'every job has ended',
      () =>
        steadily(async () => {
          const open = await lookForOpen(db);
          if (open?.jobs === 0 && open.flows === 0) return true;
          await new Promise((resolve) => setTimeout(resolve, 200));
          return undefined;
        }),
      seconds * 1_000,
    );
    return [];
  } catch {
    const open = await lookForOpen(db);
    return [`stuck: ${open?.jobs} jobs and ${open?.flows} flows, ${JSON.stringify(await lookForStuck(db))}`];
  }
}
