import { type CreateWorkflowRequest, Step, type Workflow } from '@labwright/contract-workflows';
import { commonErrors } from '@labwright/kernel/errors';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { auditWorkflow } from './audit.ts';
import type { CoreDeps } from './deps.ts';
import { loadWorkflow } from './load-workflow.ts';
import { stepOf, validateWorkflow } from './validate-workflow.ts';
import { WorkflowRow, workflowColumns } from './workflow-row.ts';

const made = rows(
  'workflows.made',
  Type.Object({
    name: WorkflowRow.properties.name,
    device_id: WorkflowRow.properties.device_id,
    operations: Type.Array(Step.properties.operation),
  }),
  `SELECT w.name, w.device_id,
          ARRAY (SELECT s.operation FROM workflow_steps s WHERE s.workflow_id = w.id ORDER BY s.position) AS operations
   FROM workflows w WHERE w.id = $1`,
);

const insertWorkflow = rows(
  'workflows.insert',
  WorkflowRow,
  `INSERT INTO workflows AS w (id, name, device_id, priority, auto) VALUES ($1, $2, $3, $4, $5)
   ON CONFLICT (id) DO NOTHING
   RETURNING ${workflowColumns}`,
);

const insertSteps = command(
  'workflows.insert_steps',
  `INSERT INTO workflow_steps (workflow_id, position, operation, parameters, operator_task)
   SELECT $1, s.position, s.step->>'operation', s.step->'parameters', s.step->'operator_task'
   FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS s (step, position)`,
);

const insertSamples = command(
  'workflows.insert_samples',
  `INSERT INTO workflow_samples (workflow_id, position, sample_id)
   SELECT $1, s.position, s.id FROM unnest($2::uuid[]) WITH ORDINALITY AS s (id, position)`,
);

export interface CreateRequest extends CreateWorkflowRequest {
  /** The id of the request and of the workflow: asked again, the workflow that was made is answered. */
  actionId: string;
  /** Whether this may be a request asked again. */
  repeatable: boolean;
}

/**
 * Stores a workflow that can be carried out. Throws `invalid_workflow` with every fault, `idempotency_key_reused`, or
 * one of `reachErrors` where device-service cannot be asked: nothing is stored then.
 */
export async function createWorkflow(deps: CoreDeps, request: CreateRequest): Promise<Workflow> {
  if (request.repeatable && (await wasMade(deps, request))) return loadWorkflow(deps.db, request.actionId);
  const { steps, sampleIds } = await validateWorkflow(deps, request);
  const { actionId, name, device_id, priority = 'normal', auto = false } = request;
  const inserted = await deps.db.transaction(async (tx) => {
    const row = await tx.first(insertWorkflow, [actionId, name, device_id, priority, auto]);
    if (row)
      await Promise.all([
        tx.execute(insertSteps, [actionId, JSON.stringify(steps)]),
        tx.execute(insertSamples, [actionId, sampleIds]),
        auditWorkflow(tx, actionId, 'workflow.create', {
          after: { name, device_id, priority, auto, steps, sample_ids: sampleIds },
        }),
      ]);
    return row !== undefined;
  });
  if (inserted) deps.figures.workflow('created');
  else await wasMade(deps, request);
  return loadWorkflow(deps.db, actionId);
}

/** Keys are forgotten after a day: one that comes back with another workflow must not be answered with the old one. */
async function wasMade(deps: CoreDeps, request: CreateRequest): Promise<boolean> {
  const before = await deps.db.first(made, [request.actionId]);
  if (!before) return false;
  const operations = request.steps.map((step) => stepOf(step).operation);
  if (
    before.name === request.name &&
    before.device_id === request.device_id &&
    before.operations.join() === operations.join()
  )
    return true;
  throw commonErrors.problem(
    'idempotency_key_reused',
    `This Idempotency-Key made workflow ${request.actionId}, which is another one. Use a new key.`,
  );
}
