import { type EnginePair, startEngine } from '../engines/child.ts';
import type { EngineName } from '../engines/main.ts';
import { compared, type Finding, figure, type RatioLimit } from '../findings.ts';
import { findRedis } from '../laboratory/neighbours.ts';
import { interleave } from '../rounds.ts';
import { compare, median } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

/** How many jobs each engine has in a round, so that each has work for a second or more. */
interface Counts {
  one: number;
  bulk: number;
  few: number;
  many: number;
}

interface Competitor extends EnginePair {
  label: string;
  counts: Counts;
  /** Lets its server know what its tables hold. */
  analyse(): Promise<unknown>;
}

const pickups = 200;
const engines: Record<Exclude<EngineName, 'ours, keyed'>, { label: string; counts: Counts }> = {
  floor: { label: 'bare `pg` loop', counts: { one: 10_000, bulk: 50_000, few: 30_000, many: 50_000 } },
  ours: { label: 'ours', counts: { one: 10_000, bulk: 50_000, few: 30_000, many: 50_000 } },
  'graphile-worker': {
    label: 'graphile-worker',
    counts: { one: 2_000, bulk: 20_000, few: 3_000, many: 3_000 },
  },
  'graphile-worker, local queue': {
    label: 'graphile-worker, local queue',
    counts: { one: 2_000, bulk: 20_000, few: 20_000, many: 20_000 },
  },
  'pg-boss': { label: 'pg-boss', counts: { one: 2_000, bulk: 20_000, few: 20_000, many: 30_000 } },
  BullMQ: { label: 'BullMQ', counts: { one: 10_000, bulk: 20_000, few: 10_000, many: 10_000 } },
};

/** Durable jobs on PostgreSQL, beside the peers and beside a bare loop. */
export const jobs: Scenario = {
  name: 'jobs',
  method:
    'Jobs of about 200 bytes that do nothing; 2,000 to 50,000 a round, so many that each engine has work for a second or more. Each engine has a ' +
    'database of its own on one server with `fsync` on, one process that enqueues, and another that works. Floor: a bare `pg` loop with a lease ' +
    'that claims and completes in batches as large as what is in flight. Before the work begins each server is told what its tables hold (`ANALYZE`), as it finds out by itself where it runs for longer: the bare loop is ten times slower without. pg-boss is driven by its `fetch` and `complete` in such batches, which ' +
    'is its quickest way; graphile-worker as it comes, and with its local queue of 500; BullMQ as it comes, and as durable as its Redis is. ' +
    `Pickup: from the call that enqueues to the start of the handler, on a worker that idles, ${pickups} times (pg-boss: on a queue that notifies). Memory: the resident size of the process that ` +
    'works, the median after each round of work, with the settings of the production image for all; the bare loop runs nothing but `pg`.',
  limitSeconds: 1_800,
  run: async (bench: Bench): Promise<Finding[]> => {
    const { settings, signal, say } = bench;
    const running = await startAll(bench);
    const others = [...running.keys()].filter((name) => name !== 'ours' && name !== 'floor');
    const competitor = (name: EngineName) => {
      const found = running.get(name);
      if (!found) throw new Error(`${name} does not run`);
      return found;
    };
    const found: Finding[] = [];

    /** Rates of all, in turns. */
    const measure = async (
      what: string,
      limits: { floor: RatioLimit; peer: (name: EngineName) => RatioLimit | undefined },
      round: (engine: Competitor, name: EngineName) => Promise<number>,
    ) => {
      say(what);
      const sides = Object.fromEntries(
        [...running].map(([name, engine]) => [name, () => round(engine, name)]),
      ) as Record<EngineName, () => Promise<number>>;
      const rates = await interleave(sides, { rounds: settings.rounds, signal });
      const beside = (name: EngineName, limit: RatioLimit | undefined) =>
        compared(
          { scenario: 'jobs', what, unit: '/s', beside: competitor(name).label },
          compare(rates.ours, rates[name]),
          limit,
        );
      found.push(beside('floor', limits.floor));
      for (const name of others) found.push(beside(name, limits.peer(name)));
    };
    const first = (): RatioLimit => ({ atLeast: 1 });
    const rate = (ms: number, count: number) => (count / ms) * 1_000;

    // What Redis keeps in memory alone is read beside what PostgreSQL has on disk, and no limit is drawn from it.
    const durable = (name: EngineName) => (name === 'BullMQ' ? undefined : first());
    await measure(
      'enqueued one by one, 32 at once',
      { floor: { atLeast: 0.8 }, peer: durable },
      async ({ filler, counts }) =>
        rate(await filler.ask({ do: 'enqueue', count: counts.one, atOnce: 32 }), counts.one),
    );
    await measure(
      'enqueued in bulk, 1,000 × 2',
      { floor: { atLeast: 0.8 }, peer: durable },
      async ({ filler, counts }) =>
        rate(await filler.ask({ do: 'fill', count: counts.bulk, batch: 1_000, atOnce: 2 }), counts.bulk),
    );
    for (const { filler } of running.values()) await filler.ask({ do: 'clear' });

    const memory = new Map([...running.keys()].map((name) => [name, { now: [] as number[], most: 0 }]));
    for (const [what, which, inFlight] of [
      ['done, 50 at once', 'few', 50],
      ['done, 500 at once, twice', 'many', 1_000],
    ] as const)
      await measure(
        what,
        { floor: { atLeast: 0.9 }, peer: first },
        async ({ filler, worker, counts, analyse }, name) => {
          const count = counts[which];
          await filler.ask({ do: 'fill', count, batch: 1_000, atOnce: 2 });
          await analyse();
          const ms = await worker.ask({ do: 'drain', count, inFlight });
          const [now, most] = await worker.ask<[number, number]>({ do: 'memory' });
          const seen = memory.get(name);
          if (seen) seen.most = Math.max(seen.most, most);
          seen?.now.push(now);
          return rate(ms, count);
        },
      );

    found.push(...(await measurePickups(bench, running)), ...memoryFindings(running, memory));
    return found;
  },
};

async function startAll(bench: Bench): Promise<Map<EngineName, Competitor>> {
  const { laboratory, scope, settings } = bench;
  const redis = await findRedis(scope);
  if (!redis) bench.note('BullMQ was left out: no Redis answered.');
  const running = new Map<EngineName, Competitor>();
  for (const [name, { label, counts }] of Object.entries(engines) as [
    keyof typeof engines,
    (typeof engines)['ours'],
  ][]) {
    if (name === 'BullMQ' && !redis) continue;
    const url =
      name === 'BullMQ'
        ? undefined
        : await laboratory.emptyDatabase(scope, `bench_jobs_${name.replaceAll(/\W+/g, '_')}`);
    const env: Record<string, string> = url
      ? { BENCH_DATABASE_URL: url }
      : { BENCH_REDIS_URL: redis?.url ?? '', BENCH_PREFIX: redis?.prefix ?? '' };
    const client = url ? await laboratory.client(scope, url) : undefined;
    const share = (count: number) => Math.max(1_000, Math.round((count * settings.share) / 1_000) * 1_000);
    running.set(name, {
      ...(await startEngine(bench, name, env)),
      label: name === 'BullMQ' && redis ? `${label} (${redis.durability})` : label,
      analyse: async () => client?.query('ANALYZE'),
      counts: {
        one: share(counts.one),
        bulk: share(counts.bulk),
        few: share(counts.few),
        many: share(counts.many),
      },
    });
  }
  return running;
}

async function measurePickups(
  { say }: Bench,
  running: ReadonlyMap<EngineName, Competitor>,
): Promise<Finding[]> {
  say('pickup');
  const measured = new Map<EngineName, { median: number; p99: number }>();
  for (const [name, { worker }] of running) {
    if (name === 'floor') continue;
    const took = await worker.ask<number[]>({ do: 'pickups', count: pickups });
    took.sort((a, b) => a - b);
    measured.set(name, { median: median(took), p99: took[Math.floor(took.length * 0.99)] ?? Number.NaN });
  }
  const ours = measured.get('ours');
  if (!ours) return [];
  measured.delete('ours');
  const lines: Finding[] = [];
  for (const [what, of, target] of [
    ['pickup by an idle worker, median', 'median', null],
    ['pickup by an idle worker, 99th percentile', 'p99', { text: '≤ 15 ms', holds: ours.p99 <= 15 }],
  ] as const) {
    lines.push(figure({ scenario: 'jobs', what, unit: 'ms', ours: ours[of] }, target));
    for (const [name, times] of measured)
      lines.push({
        ...figure({ scenario: 'jobs', what, unit: 'ms', ours: ours[of] }),
        beside: { what: running.get(name)?.label ?? name, value: times[of] },
      });
  }
  return lines;
}

function memoryFindings(
  running: ReadonlyMap<EngineName, Competitor>,
  memory: ReadonlyMap<EngineName, { now: number[]; most: number }>,
): Finding[] {
  const ours = memory.get('ours');
  if (!ours) return [];
  const resident = median(ours.now);
  const what = 'resident size of a process that works';
  return [
    figure(
      { scenario: 'jobs', what, unit: 'MB', ours: resident },
      { text: '≤ 100 MB', holds: resident <= 100 },
    ),
    ...[...memory]
      .filter(([name]) => name !== 'ours')
      .map(([name, { now }]) => ({
        ...figure({ scenario: 'jobs', what, unit: 'MB', ours: resident }),
        beside: { what: running.get(name)?.label ?? name, value: median(now) },
      })),
    figure({ scenario: 'jobs', what: 'the most that it ever was', unit: 'MB', ours: ours.most }),
  ];
}
