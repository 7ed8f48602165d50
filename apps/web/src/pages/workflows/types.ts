import type { paths } from '@labwright/client/openapi/workflow-service';

export type Workflow = paths['/workflows/{id}']['get']['responses'][200]['content']['application/json'];
export type Step = Workflow['steps'][number];
export type WorkflowStatus = Workflow['status'];

export const workflowStatuses = [
  'created',
  'queued',
  'running',
  'paused',
  'failed',
  'completed',
  'cancelled',
] as const satisfies readonly WorkflowStatus[];

export const isStatus = (text: string | undefined): text is WorkflowStatus =>
  workflowStatuses.some((status) => status === text);
