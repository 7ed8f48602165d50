export type { WorkflowsApi } from './api.ts';
export { workflowReachErrors, workflowsClient } from './client.ts';
export { workflowErrors } from './errors.ts';
export * from './events.ts';
export * from './schemas.ts';
