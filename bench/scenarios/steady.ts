import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { type EnginePair, startEngine } from '../engines/child.ts';
import { type Finding, figure } from '../findings.ts';
import { digits } from '../table.ts';
import type { Bench, Scenario } from './scenario.ts';

const inFlight = 50;
const tenths = 10;
/** Jobs that are enqueued at once, and how many wait at most while as many come as go. */
const portion = 2_000;
const fewWaiting = 10_000;

interface Sample {
  done: number;
  seconds: number;
  rate: number;
  tableMb: number;
  indexMb: number;
  deadRows: number;
  /** Pages that the server touched for each job of this tenth: tells growing work from a slow moment of the machine. */
  pages: number;
}

/** Whether it stays as fast as it begins. */
export const steady: Scenario = {
  name: 'steady',
  method:
    `A million jobs (or \`--jobs N\`) of about 200 bytes, enqueued by one process and done by another with ${inFlight} in flight at the same time, so that at most ` +
    `${fewWaiting.toLocaleString('en')} wait; then as many waiting, while a fifth as many are done and others come for them. Nothing is removed, and autovacuum runs with its defaults. ` +
    'The rate of the last tenth stands beside that of the first. Pages a job are those that the server touched for each job, found in memory or not.',
  limitSeconds: 1_800,
  onRequest: true,
  run: async (bench: Bench): Promise<Finding[]> => {
    const total = bench.settings.jobs;
    const through = await flow(bench, 'bench_steady_through', { total, waiting: 0 });
    const amount = total.toLocaleString('en');
    bench.note(`${amount} jobs through:\n\n${sampleTable(through)}`);
    const deep = await flow(bench, 'bench_steady_waiting', { total: total / 5, waiting: total });
    bench.note(`${(total / 5).toLocaleString('en')} jobs done while ${amount} wait:\n\n${sampleTable(deep)}`);
    return [
      beside(
        `${amount} jobs through, ${inFlight} at once: last tenth`,
        last(through),
        'first tenth',
        first(through),
      ),
      beside(`done while ${amount} wait: last tenth`, last(deep), 'first tenth', first(deep)),
      beside(`done while ${amount} wait, ${inFlight} at once`, whole(deep), 'while few wait', whole(through)),
    ];
  },
};

async function flow(
  bench: Bench,
  database: string,
  { total, waiting }: { total: number; waiting: number },
): Promise<Sample[]> {
  const { laboratory, scope, signal, say } = bench;
  const url = await laboratory.emptyDatabase(scope, database);
  const pair = await startEngine(bench, 'ours', { BENCH_DATABASE_URL: url });
  const client = await laboratory.client(scope, url);
  if (waiting > 0) {
    say(`enqueueing ${waiting.toLocaleString('en')}`);
    await pair.filler.ask({ do: 'fill', count: waiting, batch: 1_000, atOnce: 2 });
  }
  say(`${total.toLocaleString('en')} jobs, ${waiting.toLocaleString('en')} waiting`);
  const drained = pair.worker.ask({ do: 'drain', count: total, inFlight });
  const feeding = feed(pair, { total, ahead: waiting > 0 ? portion : fewWaiting, signal });
  const watching = watch(pair, client, total, signal);
  await Promise.all([drained, feeding, watching]);
  return watching;
}

const doneOf = async ({ worker }: EnginePair, total: number): Promise<number> =>
  Math.min(total, total - (await worker.ask({ do: 'left' })));

/** Enqueues as many as are done, so many ahead of them. */
async function feed(
  pair: EnginePair,
  { total, ahead, signal }: { total: number; ahead: number; signal: AbortSignal },
): Promise<void> {
  for (let fed = 0; fed < total; ) {
    if (fed - (await doneOf(pair, total)) > ahead - portion) {
      await pause(10, undefined, { signal });
      continue;
    }
    await pair.filler.ask({ do: 'fill', count: portion, batch: 500, atOnce: 2 });
    fed += portion;
  }
}

/** A sample at each tenth. */
async function watch(
  pair: EnginePair,
  client: pg.Client,
  total: number,
  signal: AbortSignal,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  const from = performance.now();
  let last = { done: 0, seconds: 0, touched: await touchedSoFar(client) };
  while (samples.length < tenths) {
    await pause(20, undefined, { signal });
    const done = await doneOf(pair, total);
    if (done < (total / tenths) * (samples.length + 1)) continue;
    const seconds = (performance.now() - from) / 1_000;
    const { rows } = await client.query<
      Pick<Sample, 'tableMb' | 'indexMb' | 'deadRows'> & { touched: number }
    >(
      `SELECT pg_table_size('jobs') / 1048576.0::float8 AS "tableMb", pg_indexes_size('jobs') / 1048576.0::float8 AS "indexMb",
              (SELECT n_dead_tup::float8 FROM pg_stat_user_tables WHERE relname = 'jobs') AS "deadRows",
              (SELECT (blks_hit + blks_read)::float8 FROM pg_stat_database WHERE datname = current_database()) AS touched`,
    );
    const [sizes] = rows;
    if (!sizes) throw new Error('the sizes of the table are not known');
    const { touched, ...sample } = sizes;
    const more = done - last.done;
    const rate = more / (seconds - last.seconds);
    samples.push({ done, seconds, rate, pages: (touched - last.touched) / more, ...sample });
    last = { done, seconds, touched };
  }
  return samples;
}

const touchedSoFar = async (client: pg.Client): Promise<number> => {
  const { rows } = await client.query<{ touched: number }>(
    'SELECT (blks_hit + blks_read)::float8 AS touched FROM pg_stat_database WHERE datname = current_database()',
  );
  return rows[0]?.touched ?? Number.NaN;
};

function sampleTable(samples: readonly Sample[]): string {
  const lines = samples.map(({ done, seconds, rate, tableMb, indexMb, deadRows, pages }) =>
    [
      done.toLocaleString('en'),
      `${digits(seconds)} s`,
      `${digits(rate)}/s`,
      `${digits(tableMb)} MB`,
      `${digits(indexMb)} MB`,
      digits(deadRows),
      digits(pages),
    ].join(' | '),
  );
  const head = ['done', 'after', 'rate of this tenth', 'table', 'indexes', 'dead rows', 'pages a job'];
  return [head.join(' | '), head.map(() => '---').join(' | '), ...lines]
    .map((line) => `| ${line} |`)
    .join('\n');
}

const first = (samples: readonly Sample[]) => samples[0]?.rate ?? Number.NaN;
const last = (samples: readonly Sample[]) => samples.at(-1)?.rate ?? Number.NaN;
const whole = (samples: readonly Sample[]) => {
  const end = samples.at(-1);
  return end ? end.done / end.seconds : Number.NaN;
};

function beside(what: string, ours: number, label: string, value: number): Finding {
  return {
    ...figure({ scenario: 'steady', what, unit: '/s', ours }),
    beside: { what: label, value },
    ratio: ours / value,
  };
}
