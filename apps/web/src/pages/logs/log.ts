import type { paths } from '@labwright/client/openapi/device-service';

type Route = paths['/execution-logs']['get'];
/** Part of the logs, and one operation of a device as it is on record. */
export type LogPage = Route['responses'][200]['content']['application/json'];
export type Log = LogPage['execution_logs'][number];
export type LogStatus = Log['status'];

export const logStatuses = [
  'running',
  'succeeded',
  'failed',
  'unknown',
] as const satisfies readonly LogStatus[];

/** What is asked for: exact names, and times that are inclusive. */
export interface LogQuery {
  device_id?: string;
  operation?: string;
  status?: LogStatus;
  workflow_id?: string;
  start?: string;
  end?: string;
}
