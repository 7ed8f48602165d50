import { setTimeout as pause } from 'node:timers/promises';
import { startEngine } from '../engines/child.ts';
import { compared, type Finding, figure } from '../findings.ts';
import { type Deed, type Judgement, judge } from '../keys/keyed.ts';
import type { KeyedName, Order } from '../keys/main.ts';
import { type Child, startChild } from '../processes/child.ts';
import { interleave } from '../rounds.ts';
import { compare, median } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

const keyCount = 20;
const workMs = 10;
const inFlight = 20;
const ideal = (keyCount * 1_000) / workMs;
/** Jobs of each key in a round: those that are ten times slower have fewer. */
const engines: Record<KeyedName, { label: string; each: number }> = {
  ours: { label: 'ours', each: 200 },
  'bare loop': { label: 'bare `pg` loop', each: 200 },
  'graphile-worker': { label: 'graphile-worker, named queues', each: 10 },
  'pg-boss, key_strict_fifo': { label: 'pg-boss, `key_strict_fifo`', each: 10 },
  'pg-boss, singleton': { label: 'pg-boss, `singleton`', each: 10 },
};
const names = Object.keys(engines) as KeyedName[];
const distinct = 50_000;

/** One job of a key at a time. */
export const keys: Scenario = {
  name: 'keys',
  method:
    `${keyCount} keys whose jobs take ${workMs} ms each, enqueued in turns, worked on by two processes with ${inFlight} jobs in flight each; ideal are ` +
    `${ideal.toLocaleString('en')} jobs a second. Handlers log when they began and ended, on a clock that both processes share; rate, overlaps and order are ` +
    'read from those logs. Bare loop: each process has half of the keys from the start and goes from job to job by one UPDATE by id, so it shows what timers and the disk leave of the ideal. The peers have 200 jobs a round, ours and the bare loop 4,000. pg-boss is enqueued one by one, and driven by `fetch` and `complete` in ' +
    `twenty lanes a process, which is its quickest way. Then ${distinct.toLocaleString('en')} jobs that do nothing, each with a key of its own, beside as many without a key.`,
  limitSeconds: 900,
  run: async (bench: Bench): Promise<Finding[]> => [...(await fewKeys(bench)), ...(await manyKeys(bench))],
};

async function fewKeys(bench: Bench): Promise<Finding[]> {
  const { settings, signal, say } = bench;
  const running = new Map<KeyedName, Child<Order>[]>();
  for (const name of names) running.set(name, await startPair(bench, name));
  say(`${keyCount} keys`);
  const sides = Object.fromEntries(
    names.map((name) => [
      name,
      () => round(running.get(name) ?? [], Math.max(5, engines[name].each * settings.share), signal),
    ]),
  ) as Record<KeyedName, () => Promise<Judgement>>;
  const judged = await interleave(sides, { rounds: settings.rounds, signal });

  const rates = (name: KeyedName) => judged[name].map(({ rate }) => rate);
  const sum = (name: KeyedName, of: 'overlaps' | 'outOfOrder' | 'twice') =>
    judged[name].reduce((all, judgement) => all + judgement[of], 0);
  const share = median(rates('ours')) / ideal;
  const what = `${keyCount} keys × ${workMs} ms, 2 processes × ${inFlight}`;
  const line = { scenario: 'keys', what, unit: '/s' as const };
  const findings: Finding[] = [
    {
      ...figure(
        { ...line, ours: median(rates('ours')) },
        { text: 'at least 0.75 of the ideal', holds: share >= 0.75 },
      ),
      beside: { what: 'ideal', value: ideal },
      ratio: share,
    },
  ];
  for (const name of names)
    if (name !== 'ours')
      findings.push(
        compared(
          { ...line, beside: engines[name].label },
          compare(rates('ours'), rates(name)),
          name === 'bare loop' ? undefined : { atLeast: 1 },
        ),
      );
  for (const [of, title] of [
    ['overlaps', 'jobs that ran beside another of their key'],
    ['outOfOrder', 'jobs that ran before an older one of their key'],
    ['twice', 'jobs that ran twice'],
  ] as const) {
    const ours = sum('ours', of);
    const finding = { scenario: 'keys', what: title, unit: 'jobs' as const, ours };
    findings.push(figure(finding, { text: 'none', holds: ours === 0 }));
    for (const name of names)
      if (name !== 'ours' && sum(name, of) > 0)
        findings.push({
          ...figure(finding),
          beside: { what: engines[name].label, value: sum(name, of) },
        });
  }
  return findings;
}

async function startPair(bench: Bench, name: KeyedName): Promise<Child<Order>[]> {
  const database = `bench_keys_${name.replaceAll(/\W+/g, '_')}`;
  const url = await bench.laboratory.emptyDatabase(bench.scope, database);
  const start = (half: string) =>
    startChild<Order>(bench, {
      program: 'bench/keys/main.ts',
      args: [name],
      env: { BENCH_DATABASE_URL: url, BENCH_HALF: half },
    });
  return [await start('0'), await start('1')];
}

let filled = 0;

async function round(pair: readonly Child<Order>[], each: number, signal: AbortSignal): Promise<Judgement> {
  filled += 1;
  const jobs = Array.from({ length: each * keyCount }, (_, index) => ({
    key: `round ${filled}, key ${index % keyCount}`,
    place: Math.floor(index / keyCount),
  }));
  await pair[0]?.ask({ do: 'fill', jobs });
  await Promise.all(pair.map((child) => child.ask({ do: 'start', inFlight, ms: workMs })));
  for (;;) {
    // Seldom: what the answers cost is part of what is measured.
    await pause(100, undefined, { signal });
    const done = await Promise.all(pair.map((child) => child.ask({ do: 'count' })));
    if (done.reduce((all, count) => all + count, 0) >= jobs.length) break;
  }
  const logs = await Promise.all(pair.map((child) => child.ask<Deed[]>({ do: 'stop' })));
  return judge(logs.flat());
}

/** Each job a key of its own: what keys cost where they hinder nobody. */
async function manyKeys(bench: Bench): Promise<Finding[]> {
  const { laboratory, scope, settings, signal, say } = bench;
  say(`${distinct.toLocaleString('en')} keys`);
  const count = Math.max(1_000, Math.round((distinct * settings.share) / 1_000) * 1_000);
  const open = async (name: 'ours' | 'ours, keyed', database: string) => {
    const env = { BENCH_DATABASE_URL: await laboratory.emptyDatabase(scope, database) };
    const { filler, worker } = await startEngine(bench, name, env);
    return async () => {
      const filledMs = await filler.ask({ do: 'fill', count, batch: 1_000, atOnce: 2 });
      const doneMs = await worker.ask({ do: 'drain', count, inFlight: 50 });
      return { filled: (count / filledMs) * 1_000, done: (count / doneMs) * 1_000 };
    };
  };
  const sides = {
    keyed: await open('ours, keyed', 'bench_keys_many'),
    plain: await open('ours', 'bench_keys_none'),
  };
  const figures = await interleave<keyof typeof sides, { filled: number; done: number }>(sides, {
    rounds: settings.rounds,
    signal,
  });
  const of = (side: keyof typeof sides, which: 'filled' | 'done') =>
    figures[side].map((rates) => rates[which]);
  const line = (what: string) => ({
    scenario: 'keys',
    what,
    unit: '/s' as const,
    beside: 'without keys',
  });
  const amount = count.toLocaleString('en');
  return [
    compared(
      line(`${amount} jobs, each with a key of its own: enqueued in bulk, 1,000 × 2`),
      compare(of('keyed', 'filled'), of('plain', 'filled')),
    ),
    compared(
      line(`${amount} jobs, each with a key of its own: done, 50 at once`),
      compare(of('keyed', 'done'), of('plain', 'done')),
      { atLeast: 0.5 },
    ),
  ];
}
