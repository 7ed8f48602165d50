import type { Device, WaitingEntry } from '@labwright/contract-devices';
import type { Workflow } from '@labwright/contract-workflows';
import type { Lab } from '../lab/open-lab.ts';
import { gather, pages } from '../lab/pages.ts';

/** What `watch` shows of a laboratory at one moment. */
export interface LabView {
  readonly at: number;
  readonly devices: readonly Device[];
  /** Those that run, wait, or want somebody: of each kind the newest. */
  readonly workflows: readonly Workflow[];
  /** The first of each queue, by device. */
  readonly queues: ReadonlyMap<string, { entries: readonly WaitingEntry[]; more: boolean }>;
}

const mostOfAKind = 100;
const mostQueues = 40;
const mostWaiting = 20;

/** However large the laboratory is, this asks for a bounded number of pages. */
export async function readView(lab: Lab, signal?: AbortSignal): Promise<LabView> {
  const ofStatus = (status: string) =>
    gather(
      pages<Workflow>(lab.workflows, '/workflows', 'workflows', {
        query: { status },
        atMost: mostOfAKind,
        signal,
      }),
    );
  const [devices, running, queued, failed, paused] = await Promise.all([
    gather(pages<Device>(lab.devices, '/devices', 'devices', { atMost: 1_000, signal })),
    ofStatus('running'),
    ofStatus('queued'),
    ofStatus('failed'),
    ofStatus('paused'),
  ]);
  // Nobody waits for a device that is available.
  const held = devices.filter(({ status }) => status !== 'available').slice(0, mostQueues);
  const queues = await Promise.all(held.map(async ({ id }) => [id, await queueOf(lab, id, signal)] as const));
  return {
    at: Date.now(),
    devices,
    workflows: [...running, ...failed, ...paused, ...queued],
    queues: new Map(queues.filter(([, { entries }]) => entries.length > 0)),
  };
}

async function queueOf({ devices }: Lab, id: string, signal: AbortSignal | undefined) {
  const page = await devices.get<{ queue: WaitingEntry[]; next_cursor: string | null }>(
    `/devices/${encodeURIComponent(id)}/queue`,
    { query: { limit: mostWaiting }, signal },
  );
  return { entries: page.queue, more: page.next_cursor !== null };
}
