import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { quantile } from './spread.ts';

/** How far back, in which steps, and of which rows they are added up: never more than 96 points. */
const ranges = {
  '1h': { rows: 60, step: 60, seconds: 3_600 },
  '6h': { rows: 60, step: 300, seconds: 21_600 },
  '24h': { rows: 900, step: 900, seconds: 86_400 },
  '7d': { rows: 900, step: 7_200, seconds: 604_800 },
} as const;
export type SeriesRange = keyof typeof ranges;
export const seriesRanges = ['1h', '6h', '24h', '7d'] as const satisfies readonly SeriesRange[];

const Sums = {
  succeeded: Type.Integer(),
  retried: Type.Integer(),
  failed: Type.Integer(),
  dead: Type.Integer(),
  cancelled: Type.Integer(),
};

const Bin = Type.Object({
  at: Type.String(),
  ...Sums,
  runs: Type.Array(Type.Integer()),
  waits: Type.Array(Type.Integer()),
});

// Every step of the range, also where nothing ended. Walks job_figures_pkey: at most 672 rows a queue.
const read = rows(
  'jobs.figures.series',
  Bin,
  `WITH bins AS (
     SELECT at FROM generate_series(date_bin(make_interval(secs => $2), clock_timestamp() - make_interval(secs => $3), 'epoch') + make_interval(secs => $2),
       clock_timestamp(), make_interval(secs => $2)) AS at
   ), found AS MATERIALIZED (
     SELECT date_bin(make_interval(secs => $2), f.at, 'epoch') AS bin, f.* FROM job_figures f
     WHERE f.step = $1 AND f.at >= (SELECT min(at) FROM bins) AND ($4::text IS NULL OR f.queue = $4)
   ), spread AS (
     SELECT found.bin, u.place, sum(u.runs)::int AS runs, sum(u.waits)::int AS waits
     FROM found CROSS JOIN LATERAL unnest(found.runs, found.waits) WITH ORDINALITY AS u (runs, waits, place) GROUP BY 1, 2
   ), spreads AS (
     SELECT bin, array_agg(runs ORDER BY place) AS runs, array_agg(waits ORDER BY place) AS waits FROM spread GROUP BY bin
   ), sums AS (
     SELECT bin, sum(succeeded)::int AS succeeded, sum(retried)::int AS retried, sum(failed)::int AS failed, sum(dead)::int AS dead, sum(cancelled)::int AS cancelled
     FROM found GROUP BY bin
   )
   SELECT bins.at, coalesce(s.succeeded, 0) AS succeeded, coalesce(s.retried, 0) AS retried, coalesce(s.failed, 0) AS failed,
     coalesce(s.dead, 0) AS dead, coalesce(s.cancelled, 0) AS cancelled, coalesce(p.runs, '{}') AS runs, coalesce(p.waits, '{}') AS waits
   FROM bins LEFT JOIN sums s ON s.bin = bins.at LEFT JOIN spreads p ON p.bin = bins.at ORDER BY bins.at`,
);

const Rate = Type.Object({ queue: Type.String(), ended: Type.Integer(), troubled: Type.Integer() });
// The last five minutes that are over, and this one.
const recent = rows(
  'jobs.figures.recent',
  Rate,
  `SELECT queue, sum(succeeded + failed + dead + cancelled)::int AS ended, sum(retried + failed + dead)::int AS troubled FROM job_figures
   WHERE step = 60 AND at >= date_bin('1 minute', clock_timestamp(), 'epoch') - interval '4 minutes' GROUP BY queue`,
);

/** Seconds over which `recentEnds` counts, at most. */
export const recentSeconds = 300;

export interface Quantiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface SeriesPoint {
  /** When this step began. */
  at: string;
  succeeded: number;
  retried: number;
  failed: number;
  dead: number;
  cancelled: number;
  /** Seconds that attempts took, and that jobs waited before them. */
  run: Quantiles;
  wait: Quantiles;
}

const quantiles = (spread: readonly number[]): Quantiles => ({
  p50: quantile(spread, 0.5),
  p95: quantile(spread, 0.95),
  p99: quantile(spread, 0.99),
});

/** What workers have recorded of one queue, or of all, in even steps up to now. */
export async function readSeries(
  db: Queryable,
  range: SeriesRange,
  queue: string | undefined,
): Promise<{ step_seconds: number; points: SeriesPoint[] }> {
  const { rows: of, step, seconds } = ranges[range];
  const bins = await db.query(read, [of, step, seconds, queue ?? null]);
  return {
    step_seconds: step,
    points: bins.map(({ runs, waits, ...point }) => ({
      ...point,
      run: quantiles(runs),
      wait: quantiles(waits),
    })),
  };
}

/** How many jobs ended in each queue in the last minutes, and how many attempts went wrong. */
export const recentEnds = async (db: Queryable): Promise<Map<string, { ended: number; troubled: number }>> =>
  new Map((await db.query(recent)).map(({ queue, ended, troubled }) => [queue, { ended, troubled }]));
