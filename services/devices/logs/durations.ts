import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';

/** How long an operation took, in milliseconds, over the newest `samples` that succeeded. */
export interface DurationStatistics {
  median_ms: number;
  p90_ms: number;
  samples: number;
}

/** Walks `execution_logs_durations` backwards, 200 entries an operation. */
export const newestDurations = rows(
  'devices.logs.durations',
  Type.Object({
    operation: Type.String(),
    median_ms: Type.Number(),
    p90_ms: Type.Number(),
    samples: Type.Integer(),
  }),
  `SELECT o.operation, s.median_ms, s.p90_ms, s.samples
   FROM (SELECT DISTINCT unnest($2::text[]) AS operation) o
   CROSS JOIN LATERAL (
     SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY d.duration_ms) AS median_ms,
            percentile_cont(0.9) WITHIN GROUP (ORDER BY d.duration_ms) AS p90_ms,
            count(*)::int AS samples
     FROM (SELECT l.duration_ms FROM execution_logs l
           WHERE l.device_type = $1 AND l.operation = o.operation AND l.status = 'succeeded'
             AND l.duration_ms IS NOT NULL
           ORDER BY l.started_at DESC LIMIT 200) d
   ) s
   WHERE s.samples > 0`,
);

/**
 * Median and 90th percentile (interpolated) of the newest 200 executions of each operation that succeeded on
 * devices of this type. An operation that never succeeded is not in the map.
 */
export async function durations(
  db: Queryable,
  deviceType: string,
  operations: string[],
): Promise<Map<string, DurationStatistics>> {
  if (operations.length === 0) return new Map();
  const found = await db.query(newestDurations, [deviceType, operations]);
  return new Map(found.map(({ operation, ...statistics }) => [operation, statistics]));
}
