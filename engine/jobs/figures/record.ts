import type { Db } from '@labwright/kernel/db';
import { loop, type Part } from '@labwright/kernel/lifecycle';
import type { Log } from '@labwright/kernel/log';
import { command } from '@labwright/kernel/statement';
import type { Observer } from '../worker/observer.ts';
import { emptySpread, placeOf, type Spread, spreadBounds } from './spread.ts';

/** Both rows of each queue in one order for all, so that nobody waits for one another crosswise. The sample by jobs_pkey. */
const add = command(
  'jobs.figures.add',
  `WITH sampled AS MATERIALIZED (
     SELECT j.queue, width_bucket(greatest(0, extract(epoch FROM j.started_at - greatest(j.created_at, j.run_at)))::float8, $3::float8[]) AS place,
       count(*)::int AS count
     FROM jobs j WHERE j.id = ANY ($2::bigint[]) AND j.started_at IS NOT NULL GROUP BY 1, 2
   ), counted AS MATERIALIZED (
     SELECT c.*, (SELECT array_agg(coalesce(s.count, 0) ORDER BY place.place)
                  FROM generate_series(0, cardinality($3::float8[])) AS place (place)
                  LEFT JOIN sampled s ON s.queue = c.queue AND s.place = place.place) AS waits
     FROM jsonb_to_recordset($1::jsonb) AS c (queue text, succeeded integer, retried integer, failed integer, dead integer, cancelled integer, runs integer[])
   )
   INSERT INTO job_figures AS f (step, at, queue, succeeded, retried, failed, dead, cancelled, runs, waits)
   SELECT steps.step, date_bin(make_interval(secs => steps.step), clock_timestamp(), 'epoch'), c.queue, c.succeeded, c.retried, c.failed, c.dead, c.cancelled, c.runs, c.waits
   FROM counted c CROSS JOIN (VALUES (60), (900)) AS steps (step) ORDER BY steps.step, c.queue
   ON CONFLICT (step, at, queue) DO UPDATE SET
     succeeded = f.succeeded + excluded.succeeded, retried = f.retried + excluded.retried, failed = f.failed + excluded.failed,
     dead = f.dead + excluded.dead, cancelled = f.cancelled + excluded.cancelled,
     runs = add_job_counts(f.runs, excluded.runs), waits = add_job_counts(f.waits, excluded.waits)`,
);

// Walks job_figures_pkey.
const sweep = command(
  'jobs.figures.sweep',
  `DELETE FROM job_figures WHERE step = 60 AND at < clock_timestamp() - interval '6 hours 5 minutes'
   OR step = 900 AND at < clock_timestamp() - interval '7 days 1 hour'`,
);

interface Counts {
  queue: string;
  succeeded: number;
  retried: number;
  failed: number;
  dead: number;
  cancelled: number;
  runs: Spread;
}

const columnOf = {
  succeeded: 'succeeded',
  retrying: 'retried',
  failed: 'failed',
  dead: 'dead',
  cancelled: 'cancelled',
} as const;

const everyMs = 10_000;
/** Milliseconds between two jobs of which is asked how long they waited. */
const sampleMs = 100;
const mostSampled = 100;
const sweepMs = 600_000;

/** Adds up what ends in this process, and puts it on record every ten seconds and at its stop. A process that is killed takes the last seconds with it. */
export function recordFigures(db: Db, log: Log): Observer & Part {
  let counts = new Map<string, Counts>();
  let sampled: string[] = [];
  let sampledAt = Number.NEGATIVE_INFINITY;
  let sweptAt = performance.now();

  const flush = async () => {
    if (counts.size === 0) return;
    const [told, ids] = [[...counts.values()], sampled];
    counts = new Map();
    sampled = [];
    try {
      await db.execute(add, [JSON.stringify(told), ids, spreadBounds]);
    } catch (error) {
      for (const lost of told) merge(countsOf(lost.queue), lost);
      throw error;
    }
    if (performance.now() - sweptAt < sweepMs) return;
    sweptAt = performance.now();
    await db.execute(sweep);
  };
  const countsOf = (queue: string): Counts => {
    const known = counts.get(queue);
    if (known) return known;
    const made = {
      queue,
      succeeded: 0,
      retried: 0,
      failed: 0,
      dead: 0,
      cancelled: 0,
      runs: emptySpread(),
    };
    counts.set(queue, made);
    return made;
  };
  const part = loop({ name: 'figures of jobs', idleMs: everyMs, log, work: flush });

  return {
    name: part.name,
    started: () => {},
    ended: ({ id, queue }, outcome, seconds) => {
      // Whoever has it now counts it.
      if (outcome === 'lost') return;
      const own = countsOf(queue);
      own[columnOf[outcome]] += 1;
      const place = placeOf(seconds);
      own.runs[place] = (own.runs[place] ?? 0) + 1;
      const now = performance.now();
      // A job that is tried again has another time in its row by then.
      if (outcome === 'retrying' || sampled.length >= mostSampled || now - sampledAt < sampleMs) return;
      sampledAt = now;
      sampled.push(id);
    },
    start: () => part.start(),
    stop: async () => {
      await part.stop();
      await flush().catch((error) => log.debug({ err: error }, 'the last figures of jobs were not recorded'));
    },
  };
}

function merge(into: Counts, from: Counts): void {
  for (const column of Object.values(columnOf)) into[column] += from[column];
  into.runs = into.runs.map((count, place) => count + (from.runs[place] ?? 0));
}

/** Tells both. */
export const bothObservers = (one: Observer, other: Observer | undefined): Observer =>
  other
    ? {
        started: (queue, task) => {
          one.started(queue, task);
          other.started(queue, task);
        },
        ended: (attempt, outcome, seconds) => {
          one.ended(attempt, outcome, seconds);
          other.ended(attempt, outcome, seconds);
        },
      }
    : one;
