import type { paths } from '@labwright/client/openapi/device-service';

export type Entry =
  paths['/devices/{id}/queue']['get']['responses'][200]['content']['application/json']['queue'][number];
export type Priority = Entry['priority'];

/** Who goes first. */
export const priorities = ['urgent', 'normal', 'low'] as const satisfies readonly Priority[];

/** The next one above (-1) or below (1); nothing at either end. */
export const beside = (priority: Priority, step: -1 | 1): Priority | undefined =>
  priorities[priorities.indexOf(priority) + step];
