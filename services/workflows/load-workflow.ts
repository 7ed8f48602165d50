import { Step, type Workflow } from '@labwright/contract-workflows';
import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { samplesOfWorkflows } from './samples/index.ts';
import { withReasons } from './tasks/waiting.ts';
import { WorkflowRow, workflowColumns, workflowNotFound } from './workflow-row.ts';

const find = rows(
  'workflows.find',
  WorkflowRow,
  `SELECT ${workflowColumns} FROM workflows w WHERE w.id = $1`,
);

const { waiting_reasons: _reasons, ...stepColumns } = Step.properties;

// Walks the primary key (workflow_id, position).
const stepsOf = rows(
  'workflows.steps_of',
  Type.Object({ workflow_id: Type.String(), ...stepColumns, task_seen_at: nullable(Type.String()) }),
  `SELECT s.workflow_id, s.position, s.operation, s.parameters, s.operator_task, s.status, s.attempts, s.execution_id, s.result,
          s.error, s.started_at, s.finished_at, s.duration_ms, s.task_seen_at
   FROM workflow_steps s
   WHERE s.workflow_id = ANY($1::text[])
   ORDER BY s.workflow_id, s.position`,
);

/** The workflow as the world sees it. Throws `workflow_not_found`. */
export async function loadWorkflow(db: Queryable, id: string): Promise<Workflow> {
  const [row, parts] = await Promise.all([db.first(find, [id]), partsOf(db, [id])]);
  if (!row) throw workflowNotFound(id);
  return parts(row);
}

/** These workflows with their steps and samples: two queries, however many there are. */
export async function withParts(db: Queryable, workflows: readonly WorkflowRow[]): Promise<Workflow[]> {
  const parts = await partsOf(
    db,
    workflows.map((workflow) => workflow.id),
  );
  return workflows.map(parts);
}

async function partsOf(db: Queryable, ids: string[]): Promise<(workflow: WorkflowRow) => Workflow> {
  const [steps, samples] = await Promise.all([db.query(stepsOf, [ids]), samplesOfWorkflows(db, ids)]);
  const stepsById = byWorkflow(steps.map(withReasons));
  const samplesById = byWorkflow(samples);
  return (workflow) => ({
    ...workflow,
    steps: stepsById.get(workflow.id) ?? [],
    samples: samplesById.get(workflow.id) ?? [],
  });
}

function byWorkflow<T extends { workflow_id: string }>(
  parts: readonly T[],
): Map<string, Omit<T, 'workflow_id'>[]> {
  const groups = new Map<string, Omit<T, 'workflow_id'>[]>();
  for (const { workflow_id, ...part } of parts) {
    const group = groups.get(workflow_id);
    if (group) group.push(part);
    else groups.set(workflow_id, [part]);
  }
  return groups;
}
