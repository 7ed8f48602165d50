export { workflowErrors } from './errors.ts';
export * from './schemas.ts';
