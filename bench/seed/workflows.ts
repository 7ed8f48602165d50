import type { ClientBase } from 'pg';

export const stepsEach = 3;
export const samplesEach = 8;
const samples = 480;

/** So many workflows that have ended, each with three steps and eight of 480 samples. */
export async function seedWorkflows(client: ClientBase, count: number): Promise<void> {
  await client.query(
    `INSERT INTO samples (barcode, sample_type, volume_ul)
     SELECT 'BENCH' || lpad(i::text, 5, '0'), 'blood', 100 FROM generate_series(1, $1::int) AS i`,
    [samples],
  );
  await client.query(
    `INSERT INTO workflows (id, name, device_id, status, created_at, started_at, finished_at)
     SELECT 'workflow-' || i, 'PCR set-up ' || i, 'bench-' || lpad((1 + i % 8)::text, 6, '0'), 'completed',
            at, at, at + interval '1 hour'
     FROM generate_series(1, $1::int) AS i, LATERAL (SELECT timestamptz '2025-01-01' + i * interval '1 hour' AS at)`,
    [count],
  );
  await client.query(
    `INSERT INTO workflow_steps (workflow_id, position, operation, parameters, status, attempts, started_at, finished_at)
     SELECT w.id, step, (ARRAY['pipette_transfer', 'mix', 'wash'])[step], '{"volume_ul": 50}', 'succeeded', 1,
            w.created_at + step * interval '5 minutes', w.created_at + (step + 1) * interval '5 minutes'
     FROM workflows w, generate_series(1, $1::int) AS step`,
    [stepsEach],
  );
  await client.query(
    `WITH numbered AS (SELECT id, row_number() OVER (ORDER BY barcode) AS place FROM samples)
     INSERT INTO workflow_samples (workflow_id, position, sample_id)
     SELECT w.id, position, s.id
     FROM (SELECT id, row_number() OVER (ORDER BY created_at) AS place FROM workflows) AS w,
          generate_series(1, $1::int) AS position
     JOIN numbered s ON true
     WHERE s.place = 1 + (w.place * $1 + position) % $2`,
    [samplesEach, samples],
  );
}
