import type { Db } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import type { LabelledValue, Metrics } from '@labwright/kernel/telemetry';
import Type, { type Static } from 'typebox';
import type { Observer } from './worker/observer.ts';

/** As far as jobs are counted: in each queue those that are ready, of each other state all queues together. */
export const mostCounted = 10_000;

// Each by its own index, in its order and up to a limit: what a scrape costs does not grow with the table.
const counted = (state: string, order: string) =>
  `SELECT queue, '${state}' AS state, count(*)::int AS count
   FROM (SELECT queue FROM jobs WHERE state = '${state}' ORDER BY ${order} LIMIT ${mostCounted}) AS few GROUP BY queue`;

const Depth = Type.Object({ queue: Type.String(), state: Type.String(), count: Type.Integer() });
// jobs_waiting, jobs_of_worker, jobs_parked
export const otherDepths = rows(
  'jobs.metrics.depths',
  Depth,
  [
    counted('waiting', 'seen, key, priority, id'),
    counted('running', 'worker, cancel_asked'),
    ...['scheduled', 'retrying', 'sent', 'failed', 'dead'].map((state) => counted(state, 'run_at, id')),
  ].join(' UNION ALL '),
);

const Ready = Type.Object({
  queue: Type.String(),
  count: Type.Integer(),
  age: nullable(Type.Number()),
  workers: Type.Integer(),
});
// jobs_ready, for the queue and the lanes of its limited tasks. The oldest is the first of one of the priorities.
export const readyDepths = rows(
  'jobs.metrics.ready',
  Ready,
  `SELECT q.name AS queue, sum(r.count)::int AS count, extract(epoch FROM clock_timestamp() - min(r.since))::float8 AS age,
     (SELECT count(*) FROM job_workers w WHERE w.alive_until > clock_timestamp() AND q.name = ANY (w.queues))::int AS workers
   FROM unnest($1::text[]) AS q (name)
   CROSS JOIN LATERAL (SELECT q.name AS line UNION ALL SELECT l.name FROM job_lanes l WHERE l.queue = q.name) AS lines
   CROSS JOIN LATERAL (
     SELECT (SELECT count(*) FROM (SELECT FROM jobs j WHERE j.queue = lines.line AND j.state = 'ready'
                                   ORDER BY j.priority, j.id LIMIT ${mostCounted}) AS few) AS count,
       (WITH RECURSIVE heads AS (
          (SELECT j.priority, greatest(j.created_at, j.run_at) AS since FROM jobs j
           WHERE j.queue = lines.line AND j.state = 'ready' ORDER BY j.priority, j.id LIMIT 1)
          UNION ALL
          SELECT next.priority, next.since FROM heads CROSS JOIN LATERAL (
            SELECT j.priority, greatest(j.created_at, j.run_at) AS since FROM jobs j
            WHERE j.queue = lines.line AND j.state = 'ready' AND j.priority > heads.priority ORDER BY j.priority, j.id LIMIT 1) AS next)
        SELECT min(heads.since) FROM heads) AS since) AS r
   GROUP BY q.name`,
);

const Waited = Type.Object({ queue: Type.String(), task: Type.String(), seconds: nullable(Type.Number()) });
const waited = rows(
  'jobs.metrics.waited',
  Waited,
  `SELECT queue, task, extract(epoch FROM started_at - greatest(created_at, run_at))::float8 AS seconds FROM jobs WHERE id = $1`,
);

/** A scrape reads several gauges of one look. */
const lookMs = 1_000;
/** Milliseconds between two jobs of which is asked how long they waited. */
const sampleMs = 100;
const buckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 1_800, 7_200];

/**
 * Figures of these queues, and of what a worker of this process does with their jobs: give the answer to it as its `observer`. Depths
 * and ages are those of the database, asked at each scrape; the rest is of this process alone. How long jobs waited is asked of one
 * job in 100 ms, so that others pay nothing for it.
 */
export function jobMetrics(
  metrics: Metrics,
  db: Db,
  queues: readonly string[],
  own?: { running(): number; concurrency: number },
): Observer {
  let look: { at: number; found: Promise<[Static<typeof Ready>[], Static<typeof Depth>[]]> } | undefined;
  const lookOnce = () => {
    if (!look || performance.now() - look.at > lookMs)
      look = {
        at: performance.now(),
        found: Promise.all([db.query(readyDepths, [queues]), db.query(otherDepths)]),
      };
    return look.found;
  };
  const ofQueues = (value: (row: Static<typeof Ready>) => number) => async (): Promise<LabelledValue[]> =>
    (await lookOnce())[0].map((row) => ({ labels: { queue: row.queue }, value: value(row) }));

  metrics.gauges(
    'jobs_depth',
    `Jobs of a queue in a state, counted up to ${mostCounted} (ready: in the queue, others: in all queues together)`,
    ['queue', 'state'],
    async () => {
      const [lines, states] = await lookOnce();
      return [
        ...lines.map(({ queue, count }) => ({ labels: { queue, state: 'ready' }, value: count })),
        ...states
          .filter(({ queue }) => queues.includes(queue))
          .map(({ queue, state, count }) => ({ labels: { queue, state }, value: count })),
      ];
    },
  );
  metrics.gauges(
    'jobs_oldest_ready_seconds',
    'Since when the oldest ready job of a queue could run',
    ['queue'],
    ofQueues(({ age }) => Math.max(0, age ?? 0)),
  );
  metrics.gauges(
    'jobs_workers_alive',
    'Workers that serve a queue, in all processes',
    ['queue'],
    ofQueues(({ workers }) => workers),
  );
  if (own) {
    metrics.gauge('jobs_worker_running', 'Jobs in hand in this process', own.running);
    metrics.gauge('jobs_worker_capacity', 'Jobs that this process may have in hand', () => own.concurrency);
  }

  const labels = ['queue', 'task'];
  const started = metrics.counter('jobs_started_total', 'Attempts that began in this process', labels);
  const ended = metrics.counter('jobs_ended_total', 'Attempts that ended in this process', [
    ...labels,
    'outcome',
  ]);
  const duration = metrics.histogram('jobs_duration_seconds', 'How long attempts took', buckets, labels);
  const wait = metrics.histogram(
    'jobs_wait_seconds',
    'From when a job could run to the start of its attempt; a sample',
    buckets,
    labels,
  );
  let sampledAt = Number.NEGATIVE_INFINITY;

  return {
    started: (queue, task) => started.inc({ queue, task }),
    ended: ({ id, queue, task }, outcome, seconds) => {
      ended.inc({ queue, task, outcome });
      duration.observe({ queue, task }, seconds);
      const now = performance.now();
      // A job that is tried again has another time in its row by then.
      if (now - sampledAt < sampleMs || outcome === 'retrying') return;
      sampledAt = now;
      db.first(waited, [id])
        .then((row) => {
          if (row && row.seconds !== null)
            wait.observe({ queue: row.queue, task: row.task }, Math.max(0, row.seconds));
        })
        .catch(() => {});
    },
  };
}
