import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Order } from '../engines/main.ts';
import { compared, type Finding, figure, type RatioLimit } from '../findings.ts';
import { productionEnv, root } from '../laboratory/production.ts';
import { interleave } from '../rounds.ts';
import { compare, median } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

const perRound = 10_000;
const engines = ['floor', 'ours', 'graphile-worker', 'graphile-worker, local queue', 'pg-boss'] as const;
type Name = (typeof engines)[number];

/** Durable jobs on PostgreSQL, beside the peers and beside a bare loop. */
export const jobs: Scenario = {
  name: 'jobs',
  method:
    `Jobs of about 200 bytes that do nothing, ${perRound.toLocaleString('en')} a round, each engine in a process of its own with a database ` +
    'of its own, on one server with `fsync` on. Floor: a bare `pg` loop with a lease that claims and completes in batches as large as what is in ' +
    'flight. pg-boss is driven by its `fetch` and `complete` in such batches, which is its quickest way; graphile-worker as it comes, and with ' +
    'its local queue of 500. Pickup: from the call that enqueues to the start of the handler, on a worker that idles.',
  limitSeconds: 1_800,
  run: async (bench: Bench): Promise<Finding[]> => {
    const { settings, signal, say } = bench;
    const running = {} as Record<Name, Child>;
    for (const name of engines) running[name] = await start(bench, name);
    const each = async (what: string, work: (child: Child) => Promise<number>) => {
      say(what);
      const sides = Object.fromEntries(engines.map((name) => [name, () => work(running[name])])) as Record<
        Name,
        () => Promise<number>
      >;
      return interleave(sides, { rounds: settings.rounds, signal });
    };
    const rate = (ms: number, count: number) => (count / ms) * 1_000;

    const found: Finding[] = [];
    const report = (what: string, figures: Record<Name, number[]>, limit: RatioLimit) => {
      const line = (beside: string) => ({ scenario: 'jobs', what, unit: '/s' as const, beside });
      found.push(compared(line('bare `pg` loop'), compare(figures.ours, figures.floor), limit));
      for (const peer of engines.slice(2))
        found.push(compared(line(peer), compare(figures.ours, figures[peer]), { atLeast: 1 }));
    };

    report(
      'enqueued one by one, 32 at once',
      await each('enqueueing one by one', async (child) =>
        rate(await child.ask({ do: 'enqueue', count: perRound / 2, atOnce: 32 }), perRound / 2),
      ),
      { atLeast: 0.8 },
    );
    report(
      'enqueued in bulk, 1,000 × 2',
      await each('enqueueing in bulk', async (child) =>
        rate(await child.ask({ do: 'fill', count: perRound, batch: 1_000, atOnce: 2 }), perRound),
      ),
      { atLeast: 0.8 },
    );
    for (const name of engines)
      await running[name].ask({
        do: 'drain',
        count: (perRound / 2 + perRound) * (settings.rounds + 1),
        inFlight: 1_000,
      });
    for (const [what, inFlight] of [
      ['done, 50 at once', 50],
      ['done, 500 at once, twice', 1_000],
    ] as const)
      report(
        what,
        await each(what, async (child) => {
          await child.ask({ do: 'fill', count: perRound, batch: 1_000, atOnce: 2 });
          return rate(await child.ask({ do: 'drain', count: perRound, inFlight }), perRound);
        }),
        { atLeast: 0.9 },
      );

    say('pickup');
    const pickups: number[] = await running.ours.askMany({ do: 'pickups', count: 300 });
    const sorted = pickups.sort((a, b) => a - b);
    const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
    found.push(
      figure({
        scenario: 'jobs',
        what: 'pickup by an idle worker, median',
        unit: 'ms',
        ours: median(sorted),
      }),
    );
    found.push(
      figure(
        { scenario: 'jobs', what: 'pickup by an idle worker, 99th percentile', unit: 'ms', ours: p99 },
        { text: '≤ 15 ms', holds: p99 <= 15 },
      ),
    );
    const memory = await running.ours.ask({ do: 'memory' });
    found.push(
      figure(
        { scenario: 'jobs', what: 'resident size of the process after all that', unit: 'MB', ours: memory },
        { text: '≤ 100 MB', holds: memory <= 100 },
      ),
    );
    return found;
  },
};

interface Child {
  ask(order: Order): Promise<number>;
  askMany(order: Order): Promise<number[]>;
}

async function start({ laboratory, scope, signal }: Bench, name: Name): Promise<Child> {
  const database = `bench_jobs_${engines.indexOf(name)}`;
  const url = await laboratory.emptyDatabase(scope, database);
  const child = fork(`${root}bench/engines/main.ts`, [name], {
    env: { PATH: process.env.PATH, BENCH_DATABASE_URL: url, ...(await productionEnv()) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  scope.defer(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  await answer<string>(child, name, signal);
  const ask = async <T>(order: Order): Promise<T> => {
    child.send(order);
    return answer<T>(child, name, signal);
  };
  return { ask, askMany: ask };
}

async function answer<T>(child: ChildProcess, name: string, signal: AbortSignal): Promise<T> {
  const ended = new AbortController();
  const gone = () => ended.abort(new Error(`${name} ended by itself`));
  child.once('exit', gone);
  try {
    const [message] = await once(child, 'message', { signal: AbortSignal.any([signal, ended.signal]) });
    if ('fault' in message) throw new Error(`${name}: ${message.fault}`);
    return message.answer;
  } finally {
    child.off('exit', gone);
  }
}
