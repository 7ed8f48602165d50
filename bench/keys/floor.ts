import pg from 'pg';
import type { KeyedEngine } from './keyed.ts';

/**
 * What the timers of Node and the disk leave of the ideal: each process has its half of the keys from the start, and goes from one job of a key to
 * the next by a bare UPDATE by id, committed. No lease, no queue, nobody who could take over.
 */
export function floorKeyed(url: string, half: 0 | 1): KeyedEngine {
  const pool = new pg.Pool({ connectionString: url, max: 10, pipeline: true } as pg.PoolConfig);
  pool.on('error', () => {});
  const insert = {
    name: 'insert',
    text: 'INSERT INTO floor_keyed (key, place) SELECT k, p FROM unnest($1::text[], $2::int[]) AS j (k, p)',
  };
  const end = {
    name: 'end',
    text: `UPDATE floor_keyed SET finished_at = now() WHERE id = $1
           RETURNING (SELECT n.id FROM floor_keyed n WHERE n.key = $2 AND n.place = $3) AS next`,
  };
  return {
    setUp: async () => {
      await pool.query(`
        CREATE TABLE IF NOT EXISTS floor_keyed (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL, place integer NOT NULL, finished_at timestamptz);
        CREATE INDEX IF NOT EXISTS floor_keyed_line ON floor_keyed (key, place)`);
    },
    fill: async (jobs) => {
      await pool.query({
        ...insert,
        values: [jobs.map(({ key }) => key), jobs.map(({ place }) => place)],
      });
    },
    start: async (_inFlight, work) => {
      const { rows } = await pool.query<{ id: string; key: string }>(
        'SELECT id, key FROM floor_keyed WHERE place = 0 AND finished_at IS NULL ORDER BY key',
      );
      const lane = async (first: string, key: string) => {
        for (let id: string | null = first, place = 0; id !== null; place += 1) {
          await work({ key, place });
          const ended: pg.QueryResult<{ next: string | null }> = await pool.query({
            ...end,
            values: [id, key, place + 1],
          });
          id = ended.rows[0]?.next ?? null;
        }
      };
      const lanes = Promise.all(
        rows.filter((_, index) => index % 2 === half).map(({ id, key }) => lane(id, key)),
      );
      // Looked at by who stops.
      lanes.catch(() => {});
      return async () => {
        await lanes;
      };
    },
  };
}
