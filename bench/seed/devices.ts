import type { ClientBase } from 'pg';

/** `bench-000001`, …: free liquid handlers. */
export const deviceId = (index: number) => `bench-${String(index).padStart(6, '0')}`;

/** So many free devices, `deviceId(1)` to `deviceId(count)`. */
export async function seedDevices(client: ClientBase, count: number): Promise<void> {
  await client.query(
    `INSERT INTO devices (id, name, type, capabilities, nests, location)
     SELECT 'bench-' || lpad(i::text, 6, '0'), 'Liquid handler ' || i, 'liquid_handler',
            '{pipette_transfer,dispense_reagent,aspirate,mix,wash}', 12, 'Bench'
     FROM generate_series(1, $1::int) AS i`,
    [count],
  );
}

/** Operations whose durations are known, so that an estimate has something to go by. */
export async function seedDurations(client: ClientBase, deviceCount: number): Promise<void> {
  await client.query(
    `INSERT INTO execution_logs
       (device_id, device_type, operation, status, result, started_at, finished_at, duration_ms)
     SELECT 'bench-' || lpad((1 + i % $1::int)::text, 6, '0'), 'liquid_handler',
            (ARRAY['pipette_transfer', 'mix', 'wash'])[1 + i % 3], 'succeeded', '{}',
            began, began + interval '20 seconds', 20000 + i % 900
     FROM generate_series(1, 3000) AS i, LATERAL (SELECT now() - i * interval '1 minute' AS began)`,
    [deviceCount],
  );
}

/**
 * Makes a device busy with a queue of so many entries of mixed priority, each with three operations.
 * The holder is the workflow `holder`, the entries belong to `waits-1`, `waits-2`, ….
 */
export async function seedQueue(client: ClientBase, device: string, entries: number): Promise<void> {
  await client.query(
    `WITH device AS (
       UPDATE devices SET status = 'busy', fencing_token = fencing_token + 1 WHERE id = $1
       RETURNING id, fencing_token
     )
     INSERT INTO device_bookings (device_id, workflow_id, fencing_token, operations)
     SELECT id, 'holder', fencing_token, '{pipette_transfer,mix,wash}' FROM device`,
    [device],
  );
  await client.query(
    `INSERT INTO device_queue (device_id, workflow_id, priority, priority_value, operations, queued_at)
     SELECT $1, 'waits-' || i, p.name, p.value, '{pipette_transfer,mix,wash}',
            now() - interval '1 day' + i * interval '10 milliseconds'
     FROM generate_series(1, $2::int) AS i
     JOIN (VALUES (0, 'urgent', 1), (1, 'normal', 5), (2, 'low', 9)) AS p (place, name, value) ON p.place = i % 3`,
    [device, entries],
  );
}

/** One entry behind all others, so that a queue keeps its length while it is worked off. */
export async function addToQueue(client: ClientBase, device: string, workflowId: string): Promise<void> {
  await client.query({
    name: 'add to queue',
    text: `INSERT INTO device_queue (device_id, workflow_id, priority, priority_value, operations)
           VALUES ($1, $2, 'low', 9, '{pipette_transfer,mix,wash}')`,
    values: [device, workflowId],
  });
}
