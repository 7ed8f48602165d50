import {
  type Booking,
  type Device,
  deviceErrors,
  type Priority,
  type QueueEntry,
} from '@labwright/contract-devices';

export const values: Record<Priority, number> = { urgent: 1, normal: 5, low: 9 };
export const at = () => new Date().toISOString();

export const newDevice = (id: string, capabilities: string[]): Device => ({
  id,
  name: id,
  type: 'fake',
  status: 'available',
  paused: false,
  capabilities,
  nests: 1,
  location: null,
  settings: {},
  fencing_token: 0,
  created_at: at(),
  updated_at: at(),
});

export function newEntry(
  id: string,
  device_id: string,
  workflow_id: string,
  priority: Priority,
  operations: string[],
): QueueEntry {
  return {
    id,
    device_id,
    workflow_id,
    priority,
    priority_value: values[priority],
    status: 'queued',
    operations,
    queued_at: at(),
    booked_at: null,
    cancelled_at: null,
    cancel_reason: null,
  };
}

/** A volume is the only parameter that there is. */
export const faultsOf = (parameters: Record<string, unknown>, at: string) =>
  Object.entries(parameters).flatMap(([name, value]) => {
    if (name !== 'volume_ul') return [{ path: `${at}.${name}`, message: 'is not known here' }];
    const fits = typeof value === 'number' && value > 0 && value <= 1_000;
    return fits ? [] : [{ path: `${at}.volume_ul`, message: 'must be at most 1000 µl' }];
  });

export function busy({ id, device_id, workflow_id, booked_at }: Booking, queue_length: number) {
  const wait = { seconds: 7, seconds_p90: 9, at: null };
  return deviceErrors.problem('device_busy', `Workflow ${workflow_id} holds ${device_id}.`, {
    extra: { holder: { workflow_id, booking_id: id, booked_at }, queue_length, wait },
    retryAfter: 7,
  });
}
