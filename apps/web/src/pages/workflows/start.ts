import type { QueryKey } from '@tanstack/react-query';

/** What a change of a workflow may change elsewhere. */
export const changed: readonly QueryKey[] = [
  ['workflow-service', '/workflows'],
  ['workflow-service', '/workflows/{id}'],
  ['device-service', '/devices'],
  ['device-service', '/devices/{id}'],
  ['device-service', '/devices/{id}/wait-time'],
];
