export type { TasksApi } from './tasks/api.ts';
export { type TasksClientOptions, tasksClient } from './tasks/client.ts';
export { hubReachErrors, taskErrors } from './tasks/errors.ts';
export { Field, FormValues, faultsOfFields, faultsOfValues } from './tasks/fields.ts';
export * from './tasks/schemas.ts';
