import type { DeviceView, WaitingReason } from '@labwright/contract-devices';

/**
 * Why something that wants this device waits, with so many entries ahead of it, and with what its holder waits for. Empty where nothing
 * is in its way.
 */
export function waitingReasons(
  device: DeviceView,
  entriesAhead: number,
  holderWait: WaitingReason | undefined,
): WaitingReason[] {
  const reasons: WaitingReason[] = [];
  if (device.status === 'maintenance')
    reasons.push({ code: 'device_in_maintenance', text: `${device.id} is in maintenance.` });
  if (device.paused)
    reasons.push({ code: 'device_paused', text: `${device.id} is paused: it starts no operation.` });
  if (device.booking)
    reasons.push({
      code: 'device_busy',
      text: `Workflow ${device.booking.workflow_id} holds ${device.id}.`,
      workflow_id: device.booking.workflow_id,
    });
  if (device.booking && holderWait) reasons.push(holderWait);
  if (entriesAhead > 0)
    reasons.push({
      code: 'entries_ahead',
      text: entriesAhead === 1 ? '1 entry is ahead.' : `${entriesAhead} entries are ahead.`,
    });
  return reasons;
}
