import type { HolderWait } from '@labwright/contract-devices';
import type { CoreDeps } from '../deps.ts';

/** Who holds a device, and under which booking. */
export interface Holder {
  device_id: string;
  workflow_id: string;
  booking_id: string;
}

/**
 * Tells a device that its holder waits for somebody, so that those who wait for the device are told why, and no time. Nothing else depends on it.
 * Throws what the device answers.
 */
export async function tellDevice(deps: CoreDeps, holder: Holder, wait: HolderWait): Promise<void> {
  // Longer than until it is told again, with one failure in between.
  const for_seconds = Math.max(1, Math.ceil((2.5 * deps.settings.askAgainMs) / 1_000));
  await deps.devices.noteWait({ ...holder, wait, for_seconds });
}
