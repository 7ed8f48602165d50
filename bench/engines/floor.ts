import pg from 'pg';
import { type Engine, payload } from './engine.ts';

/**
 * The least that a durable queue with leases can do: one table, one index, a claim that names the worker and an end that is refused
 * to any other. Named statements, pipelined, a literal LIMIT, rows by id.
 */
export function floorEngine(url: string): Engine {
  const pool = new pg.Pool({ connectionString: url, max: 10, pipeline: true } as pg.PoolConfig);
  pool.on('error', () => {});
  const json = JSON.stringify(payload);
  const insert = { name: 'insert', text: `INSERT INTO floor_jobs (queue, args) VALUES ('q', $1)` };
  const insertMany = {
    name: 'insert_many',
    text: `INSERT INTO floor_jobs (queue, args) SELECT 'q', a FROM unnest($1::jsonb[]) AS a`,
  };
  const claim = (most: number) => ({
    name: `claim_${most}`,
    text: `UPDATE floor_jobs SET state = 1, worker = $1, attempts = attempts + 1, leased_until = now() + interval '15 s'
           WHERE id = ANY (ARRAY (SELECT id FROM floor_jobs WHERE queue = 'q' AND state = 0
             ORDER BY priority, id LIMIT ${most} FOR UPDATE SKIP LOCKED))
           RETURNING id, args, attempts`,
  });
  const complete = {
    name: 'complete',
    text: `UPDATE floor_jobs SET state = 2, worker = NULL, leased_until = NULL, finished_at = now()
           WHERE id = ANY ($1::bigint[]) AND worker = $2`,
  };
  const loop = async (worker: number, batch: number, left: () => number) => {
    while (left() > 0) {
      const { rows } = await pool.query({ ...claim(batch), values: [worker] });
      if (rows.length === 0) return;
      await pool.query({ ...complete, values: [rows.map((row) => row.id), worker] });
    }
  };
  return {
    setUp: async () => {
      await pool.query(`
        CREATE TABLE IF NOT EXISTS floor_jobs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, queue text NOT NULL, args jsonb NOT NULL,
          state smallint NOT NULL DEFAULT 0, priority smallint NOT NULL DEFAULT 0, attempts smallint NOT NULL DEFAULT 0,
          worker bigint, leased_until timestamptz, created_at timestamptz NOT NULL DEFAULT now(), finished_at timestamptz);
        CREATE INDEX IF NOT EXISTS floor_jobs_ready ON floor_jobs (queue, priority, id) WHERE state = 0`);
    },
    clear: async () => {
      await pool.query('TRUNCATE floor_jobs');
    },
    enqueueOne: async () => {
      await pool.query({ ...insert, values: [json] });
    },
    enqueueMany: async (count) => {
      await pool.query({ ...insertMany, values: [Array.from({ length: count }, () => json)] });
    },
    drain: (_count, inFlight) =>
      inFlight > 500
        ? Promise.all([loop(1, inFlight / 2, () => 1), loop(2, inFlight / 2, () => 1)]).then(() => {})
        : loop(1, inFlight, () => 1),
    pickups: async () => [],
  };
}
