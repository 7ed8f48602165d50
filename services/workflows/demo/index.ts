import type { Db } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';

/** What a demo laboratory has on the side of the experiments. Times in milliseconds since 1970. */
export interface DemoWorkflows {
  plates: { id: string; name: string; rows: number; columns: number }[];
  samples: { barcode: string; sample_type: string; plate_id: string; well: string; volume_ul: number }[];
  workflows: {
    id: string;
    name: string;
    device_id: string;
    steps: string[];
    sample_barcodes: string[];
    status: 'created' | 'completed' | 'cancelled';
    created_at: number;
  }[];
}

/** Any constant that no other lock uses. */
const lock = command('workflows.demo.lock', 'SELECT pg_advisory_xact_lock(5001500202)');

const anything = rows(
  'workflows.demo.any',
  Type.Object({ filled: Type.Boolean() }),
  'SELECT EXISTS (SELECT FROM samples) OR EXISTS (SELECT FROM workflows) OR EXISTS (SELECT FROM plates) AS filled',
);

const insertPlates = command(
  'workflows.demo.plates',
  `INSERT INTO plates (id, name, rows, columns)
   SELECT p.id, p.name, p.rows, p.columns
   FROM jsonb_to_recordset($1::jsonb) AS p (id text, name text, rows integer, columns integer)`,
);

const insertSamples = command(
  'workflows.demo.samples',
  `INSERT INTO samples (barcode, sample_type, plate_id, well, volume_ul)
   SELECT s.barcode, s.sample_type, s.plate_id, s.well, s.volume_ul
   FROM jsonb_to_recordset($1::jsonb)
     AS s (barcode text, sample_type text, plate_id text, well text, volume_ul float8)
   ORDER BY s.barcode`,
);

const given = `jsonb_to_recordset($1::jsonb)
  AS w (id text, name text, device_id text, steps text[], sample_barcodes text[], status text, created_at float8)`;

const insertWorkflows = command(
  'workflows.demo.workflows',
  `INSERT INTO workflows (id, name, device_id, status, status_reason, created_at, started_at, finished_at, updated_at)
   SELECT w.id, w.name, w.device_id, w.status,
          CASE w.status WHEN 'cancelled' THEN 'The samples had thawed' END,
          to_timestamp(w.created_at / 1000),
          CASE WHEN w.status <> 'created' THEN to_timestamp(w.created_at / 1000) END,
          CASE WHEN w.status <> 'created' THEN to_timestamp(w.created_at / 1000) + interval '1 hour' END,
          to_timestamp(w.created_at / 1000)
   FROM ${given}`,
);

const insertSteps = command(
  'workflows.demo.steps',
  `INSERT INTO workflow_steps (workflow_id, position, operation, status, attempts, started_at, finished_at, duration_ms)
   SELECT w.id, step.position, step.operation,
          CASE w.status WHEN 'completed' THEN 'succeeded' WHEN 'cancelled' THEN 'skipped' ELSE 'pending' END,
          CASE w.status WHEN 'completed' THEN 1 ELSE 0 END,
          CASE w.status WHEN 'completed' THEN to_timestamp(w.created_at / 1000) + step.position * interval '5 minutes' END,
          CASE w.status WHEN 'completed' THEN to_timestamp(w.created_at / 1000) + (step.position + 1) * interval '5 minutes' END,
          CASE w.status WHEN 'completed' THEN 300000 END
   FROM ${given}, unnest(w.steps) WITH ORDINALITY AS step (operation, position)`,
);

const insertWorkflowSamples = command(
  'workflows.demo.workflow_samples',
  `INSERT INTO workflow_samples (workflow_id, position, sample_id)
   SELECT w.id, given_barcode.position, s.id
   FROM ${given}, unnest(w.sample_barcodes) WITH ORDINALITY AS given_barcode (barcode, position)
   JOIN samples s ON s.barcode = given_barcode.barcode`,
);

/** Puts the demo laboratory into an empty database; leaves any other as it is. Answers whether it did. */
export function seedWorkflows(db: Db, plan: DemoWorkflows): Promise<boolean> {
  const workflows = [JSON.stringify(plan.workflows)];
  return db.transaction(async (tx) => {
    await tx.execute(lock);
    if ((await tx.first(anything))?.filled) return false;
    await tx.execute(insertPlates, [JSON.stringify(plan.plates)]);
    await tx.execute(insertSamples, [JSON.stringify(plan.samples)]);
    await tx.execute(insertWorkflows, workflows);
    await tx.execute(insertSteps, workflows);
    await tx.execute(insertWorkflowSamples, workflows);
    return true;
  });
}
