import type { DeviceView, WaitingReason } from '@labwright/contract-devices';
import type { PersonWait } from '../estimates/person.ts';

/**
 * Why something that wants this device waits, with so many entries ahead of it, and the person for whom its holder waits. Empty where nothing
 * is in its way.
 */
export function waitingReasons(
  device: DeviceView,
  entriesAhead: number,
  person: PersonWait | undefined,
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
  if (device.booking && person)
    reasons.push({
      code: 'operator_task',
      text: `Workflow ${person.workflow_id} waits for a person to do "${person.task_title}".`,
      workflow_id: person.workflow_id,
      task_id: person.task_id,
    });
  if (entriesAhead > 0)
    reasons.push({
      code: 'entries_ahead',
      text: entriesAhead === 1 ? '1 entry is ahead.' : `${entriesAhead} entries are ahead.`,
    });
  return reasons;
}
