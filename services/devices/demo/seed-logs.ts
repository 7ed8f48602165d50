import type { Db } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';

/** Made-up history: how many logs over which time, in milliseconds since 1970. */
export interface DemoLogs {
  count: number;
  from: number;
  to: number;
  /** What an operation takes, in seconds of the demo laboratory's own time. */
  typical_seconds: Record<string, number>;
  /** Workflows that the logs name. */
  workflow_ids: string[];
}

const batchRows = 20_000;

/**
 * One batch. Time is cut into slots, one a log; slot i belongs to device i mod n, so that the operations of one
 * device never overlap. Chance comes from a hash of the slot: the same call makes the same rows.
 */
const insertLogs = command(
  'devices.demo.logs',
  `WITH device AS (
     SELECT id, type, capabilities, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS devices
     FROM devices WHERE deleted_at IS NULL AND cardinality(capabilities) > 0
   ), slot AS (
     SELECT i, d.id, d.type, d.capabilities,
            $3::float8 + (i - i % d.devices) * $4::float8 AS begins_ms, $4::float8 * d.devices AS room_ms,
            (hashint8(i)::bigint + 2147483648) / 4294967296.0 AS chance,
            (hashint8(i + 104729)::bigint + 2147483648) / 4294967296.0 AS other_chance
     FROM generate_series($1::bigint, $2::bigint - 1) AS i
     JOIN device d ON d.place = i % d.devices
   ), shaped AS (
     SELECT *, capabilities[1 + floor(chance * cardinality(capabilities))::int] AS operation,
            CASE WHEN other_chance < 0.965 THEN 'succeeded' WHEN other_chance < 0.998 THEN 'failed'
                 ELSE 'unknown' END AS status,
            begins_ms + room_ms * 0.15 * other_chance AS started_ms
     FROM slot
   ), timed AS (
     SELECT *, greatest(1, least(room_ms * 0.8,
                 coalesce(($5::jsonb ->> operation)::float8, 30) * 1000 * (0.85 + 0.4 * other_chance)))::int AS ms
     FROM shaped
   )
   INSERT INTO execution_logs
     (device_id, device_type, workflow_id, operation, parameters, status, result, error, started_at, finished_at,
      duration_ms)
   SELECT id, type, ($6::text[])[1 + floor(other_chance * cardinality($6::text[]))::int], operation, '{}', status,
          CASE status WHEN 'succeeded' THEN '{}'::jsonb END,
          CASE status WHEN 'failed' THEN '{"code": "clogged_tip", "message": "The instrument stopped by itself."}'::jsonb
                      WHEN 'unknown' THEN '{"code": "outcome_unknown", "message": "The connection was lost while it moved."}'::jsonb
          END,
          to_timestamp(started_ms / 1000), to_timestamp((started_ms + ms) / 1000), ms
   FROM timed ORDER BY started_ms`,
);

const count = rows(
  'devices.demo.count',
  Type.Object({ logs: Type.Integer() }),
  'SELECT count(*)::int AS logs FROM execution_logs',
);

/** Counts the whole table: for a command line, not for an endpoint. */
export async function countLogs(db: Db): Promise<number> {
  return (await db.first(count))?.logs ?? 0;
}

/** Adds made-up logs in batches, each committed for itself; tells how many are done after each. */
export async function seedLogs(
  db: Db,
  plan: DemoLogs,
  onProgress: (done: number) => void = () => {},
): Promise<void> {
  const slotMs = (plan.to - plan.from) / Math.max(1, plan.count);
  for (let done = 0; done < plan.count; done += batchRows) {
    const until = Math.min(plan.count, done + batchRows);
    const shape = [plan.from, slotMs, JSON.stringify(plan.typical_seconds), plan.workflow_ids];
    await db.transaction((tx) => tx.execute(insertLogs, [done, until, ...shape]), {
      statementTimeout: 300_000,
    });
    onProgress(until);
  }
}
