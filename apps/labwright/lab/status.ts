import type { Device } from '@labwright/contract-devices';
import type { QueueList } from '../jobs/types.ts';
import type { Lab } from './open-lab.ts';
import type { Service } from './service.ts';

export type Readiness = 'ready' | 'not ready' | 'away';

export interface ServiceStatus {
  service: string;
  url: string;
  status: Readiness;
  /** Milliseconds until it answered; null where it did not. */
  answered_ms: number | null;
  /** What is not well, by name. */
  faults: Record<string, string>;
}

/** How many there are, counted up to a page: beyond that nobody needs to know. */
export interface Counted {
  count: number;
  more: boolean;
}

export interface LabStatus {
  services: ServiceStatus[];
  /** Null where whoever could tell is away, or does not tell us. */
  devices: Record<'available' | 'busy' | 'maintenance', number> | null;
  workflows: Record<'running' | 'queued' | 'paused' | 'failed', Counted> | null;
  tasks_open: Counted | null;
  /** Jobs of all services that failed for good. */
  jobs_dead: number | null;
}

/** Asks all three services at once, whatever some of them say. */
export async function readStatus({ devices, workflows, hub }: Lab): Promise<LabStatus> {
  const [services, deviceCounts, workflowCounts, tasks, dead] = await Promise.all([
    Promise.all([devices, workflows, hub].map(statusOf)),
    countDevices(devices).catch(() => null),
    countWorkflows(workflows).catch(() => null),
    countPage(hub, '/tasks', 'tasks', { status: 'active' }).catch(() => null),
    countDead([devices, workflows, hub]).catch(() => null),
  ]);
  return { services, devices: deviceCounts, workflows: workflowCounts, tasks_open: tasks, jobs_dead: dead };
}

async function statusOf(service: Service): Promise<ServiceStatus> {
  const answer = await service.probe('/ready');
  const named = { service: service.name, url: service.url };
  if (!answer) return { ...named, status: 'away', answered_ms: null, faults: {} };
  const checks = (answer.body as { checks?: Record<string, string> } | null)?.checks;
  const faults = checks
    ? Object.fromEntries(Object.entries(checks).filter(([, outcome]) => outcome !== 'ok'))
    : { answer: `${answer.status}, and nothing that is ours` };
  return {
    ...named,
    status: answer.status === 200 && checks ? 'ready' : 'not ready',
    answered_ms: Math.round(answer.ms),
    faults,
  };
}

async function countDevices(service: Service): Promise<LabStatus['devices']> {
  const counts = { available: 0, busy: 0, maintenance: 0 };
  let cursor: string | undefined;
  do {
    const page: { devices: Device[]; next_cursor: string | null } = await service.get('/devices', {
      query: { limit: 100, cursor },
    });
    for (const { status } of page.devices) counts[status] += 1;
    cursor = page.next_cursor ?? undefined;
  } while (cursor);
  return counts;
}

async function countWorkflows(service: Service): Promise<LabStatus['workflows']> {
  const counted = (status: string) => countPage(service, '/workflows', 'workflows', { status });
  const [running, queued, paused, failed] = await Promise.all([
    counted('running'),
    counted('queued'),
    counted('paused'),
    counted('failed'),
  ]);
  return { running, queued, paused, failed };
}

async function countDead(services: readonly Service[]): Promise<number> {
  const lists = await Promise.all(services.map((service) => service.get<QueueList>('/jobs/queues')));
  return lists.flatMap(({ queues }) => queues).reduce((sum, { depth }) => sum + depth.failed + depth.dead, 0);
}

async function countPage(
  service: Service,
  path: string,
  key: string,
  query: Record<string, string>,
): Promise<Counted> {
  const page = await service.get<Record<string, unknown[]> & { next_cursor: string | null }>(path, {
    query: { ...query, limit: 100 },
  });
  return { count: page[key]?.length ?? 0, more: page.next_cursor !== null };
}
