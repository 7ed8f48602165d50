import type { DeviceEvent } from '@labwright/contract-devices';
import { enqueueMany } from '@labwright/jobs';
import type { CoreDeps } from '../deps.ts';
import { concernsUs } from './handle-event.ts';
import { storePageOf } from './store-page.ts';
import { eventTask } from './take-in-event.ts';

/**
 * Stores one page of device-service's events as jobs, together with the place behind it; waits up to `waitSeconds` for one.
 * Answers how many events it had, and 0 also where another process stored them meanwhile.
 */
export async function storePage(deps: CoreDeps, waitSeconds: number, signal?: AbortSignal): Promise<number> {
  const { events, turned } = await storePageOf(
    deps,
    {
      feed: 'devices',
      read: async (request) => {
        const page = await deps.devices.events(request);
        const oldest = page.events.at(0);
        if (oldest) deps.figures.feed.behind(Date.parse(oldest.at));
        else deps.figures.feed.caughtUp();
        return page;
      },
      store: async (tx, page) => {
        const jobs = page.filter(concernsUs).map((event) => ({ args: event, key: keyOf(event) }));
        if (jobs.length > 0) await enqueueMany(tx, eventTask, jobs);
      },
    },
    waitSeconds,
    signal,
  );
  return turned ? events.length : 0;
}

const keyOf = ({ workflow_id, device_id }: DeviceEvent) =>
  workflow_id === null ? `device ${device_id}` : `workflow ${workflow_id}`;
