import { devices, fromDevices, fromHub, fromWorkflows, hub, workflows } from './services.ts';

/** What all three services have alike, each for itself: jobs, locks, and the audit trail. */
export const serviceNames = ['device-service', 'workflow-service', 'hub-service'] as const;
export type ServiceName = (typeof serviceNames)[number];

export const serviceLabel: Record<ServiceName, string> = {
  'device-service': 'Instruments',
  'workflow-service': 'Experiments',
  'hub-service': 'People',
};

export const isServiceName = (text: string | undefined): text is ServiceName =>
  serviceNames.some((service) => service === text);

// These routes are the same module in each of them, so the types of one stand for all.
const readers = {
  'device-service': fromDevices,
  'workflow-service': fromWorkflows as unknown as typeof fromDevices,
  'hub-service': fromHub as unknown as typeof fromDevices,
};
const clients = {
  'device-service': devices,
  'workflow-service': workflows as unknown as typeof devices,
  'hub-service': hub as unknown as typeof devices,
};

/** What is read of a service, and what is sent to it: the routes of `/jobs`, `/locks` and `/audit` only. */
export const readsOf = (service: ServiceName) => readers[service];
export const clientOf = (service: ServiceName) => clients[service];
