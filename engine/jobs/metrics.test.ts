import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { contextFromHeaders, runInContext } from '@labwright/kernel/context';
import { createLog } from '@labwright/kernel/log';
import { command, declaredStatements, rows } from '@labwright/kernel/statement';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import {
  createWorker,
  defineTask,
  enqueue,
  findJob,
  handle,
  jobMetrics,
  jobsMigrations,
  mostCounted,
  NoRetry,
} from './index.ts';
import { postgresTransport } from './transports/postgres/index.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
});
after(() => database.drop());

const figure = defineTask({ name: 'figure', args: Type.Object({ fails: Type.Boolean() }), retryDelayMs: 1 });
const fill = command(
  'test.metrics.fill',
  `INSERT INTO jobs (queue, task, args, state, priority, max_attempts, created_at)
   SELECT 'full', 'figure', '{}', 'ready', i % 3, 1, now() - CASE WHEN i = 5000 THEN interval '2 hours' ELSE interval '1 hour' END
   FROM generate_series(1, $1::int) AS i`,
);
const park = command(
  'test.metrics.park',
  `INSERT INTO jobs (queue, task, args, state, max_attempts, run_at)
   SELECT 'full', 'figure', '{}', 'scheduled', 1, now() + interval '1 day' FROM generate_series(1, 7)`,
);

async function scrape(metrics: ReturnType<typeof createMetrics>): Promise<Map<string, number>> {
  const text = await metrics.registry.metrics();
  const found = new Map<string, number>();
  for (const [, name = '', labels = '', value] of text.matchAll(/^(jobs_\w+)(\{.*\})? (\S+)$/gm)) {
    const own = [...labels.matchAll(/(\w+)="([^"]*)"/g)].filter(([, label]) => label !== 'service');
    found.set([name, ...own.map(([, , text]) => text).sort()].join(' '), Number(value));
  }
  return found;
}

test('depths and ages by the database, up to a bound, and none by reading the table', async () => {
  const { db } = database;
  const metrics = createMetrics('test');
  jobMetrics(metrics, db, ['full', 'empty']);
  await db.execute(fill, [mostCounted + 2_000]);
  await db.execute(park);
  await db.raw('VACUUM ANALYZE jobs');
  const found = await scrape(metrics);
  assert.equal(found.get('jobs_depth full ready'), mostCounted);
  assert.equal(found.get('jobs_depth full scheduled'), 7);
  assert.equal(found.get('jobs_depth empty ready'), 0);
  assert.equal(found.get('jobs_workers_alive full'), 0);
  assert.equal(found.get('jobs_oldest_ready_seconds empty'), 0);
  // The first of each priority is looked at: here an hour old.
  const age = found.get('jobs_oldest_ready_seconds full') ?? 0;
  assert.ok(age > 3_500 && age < 7_300, String(age));
  const text = declaredStatements().find(({ name }) => name === 'jobs.metrics.ready')?.text ?? '';
  const explain = rows(
    'test.metrics.explain',
    Type.Object({ 'QUERY PLAN': Type.Unknown() }),
    `EXPLAIN (FORMAT JSON) ${text.replace('$1::text[]', `'{full}'::text[]`)}`,
  );
  const plan = JSON.stringify(await db.query(explain));
  assert.doesNotMatch(plan, /"Seq Scan"[^{}]*"Relation Name":"jobs"/);
});

test('a database that is away: the scrape goes on without what it knows', async () => {
  const metrics = createMetrics('test');
  const gone = { ...database.db, query: () => Promise.reject(new Error('away')) };
  jobMetrics(metrics, gone, ['full'], { running: () => 3, concurrency: 10 });
  const found = await scrape(metrics);
  assert.equal(found.get('jobs_worker_capacity'), 10);
  assert.equal(found.get('jobs_depth full ready'), undefined);
});

test('a worker counts its attempts, and its log lines carry the trace of who asked', async () => {
  const { db } = database;
  const metrics = createMetrics('test');
  const lines: string[] = [];
  const log = createLog({ service: 'test' }, { write: (line: string) => void lines.push(line) });
  const observer = jobMetrics(metrics, db, ['counted']);
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log,
    queues: ['counted'],
    observer,
    handlers: [
      handle(figure, async ({ fails }, context) => {
        await new Promise((resolve) => setImmediate(resolve));
        context.log.info('at work');
        if (fails && context.attempt === 1) throw new Error('again');
        if (fails) throw new NoRetry('never');
      }),
    ],
  });
  await worker.start();
  const request = contextFromHeaders({});
  const well = await runInContext(request, () => enqueue(db, figure, { fails: false }, { queue: 'counted' }));
  const ill = await enqueue(db, figure, { fails: true }, { queue: 'counted' });
  for (const { id } of [well, ill])
    await eventually('it has ended', async () =>
      ['succeeded', 'failed'].includes((await findJob(db, id))?.state ?? '') ? true : undefined,
    );
  const found = await eventually('a wait was sampled', async () => {
    const figures = await scrape(metrics);
    return [...figures.keys()].some((name) => name.startsWith('jobs_wait_seconds_count'))
      ? figures
      : undefined;
  });
  assert.equal(found.get('jobs_workers_alive counted'), 1);
  await worker.stop();
  assert.equal(found.get('jobs_started_total counted figure'), 3);
  assert.equal(found.get('jobs_ended_total counted figure succeeded'), 1);
  assert.equal(found.get('jobs_ended_total counted figure retrying'), 1);
  assert.equal(found.get('jobs_ended_total counted failed figure'), 1);
  assert.equal(found.get('jobs_duration_seconds_count counted figure'), 3);
  const traces = lines
    .map((line) => JSON.parse(line) as { msg: string; trace_id?: string })
    .filter(({ msg }) => msg === 'at work')
    .map(({ trace_id }) => trace_id);
  assert.equal(traces.filter((trace) => trace === request.trace_id).length, 1);
});
