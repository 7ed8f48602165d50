import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';

/** Changes every device that the benchmark made, and writes the event of each, as the service does with a change of its own. */
const update = {
  name: 'update all devices',
  text: `WITH changed AS (
           UPDATE devices SET location = 'Bench ' || $1::int, updated_at = clock_timestamp() WHERE id LIKE 'bench-%'
           RETURNING id, status, paused
         )
         INSERT INTO events (type, device_id, data)
         SELECT 'device.changed', id, jsonb_build_object('status', status, 'paused', paused, 'deleted', false) FROM changed`,
};

/** Changes all devices so many times a second, until the signal fires; answers how often it did. */
export async function keepUpdating(
  client: pg.Client,
  options: { perSecond: number; signal: AbortSignal },
): Promise<number> {
  const begun = performance.now();
  let rounds = 0;
  while (!options.signal.aborted) {
    rounds += 1;
    await client.query({ ...update, values: [rounds] });
    const due = begun + (rounds * 1_000) / options.perSecond;
    // What the machine could not do in time is not caught up in a heap.
    await pause(Math.max(0, due - performance.now()), undefined, { signal: options.signal }).catch(() => {});
  }
  return rounds;
}
