import type { DeviceEvent } from '@labwright/contract-devices';
import type { AnnouncedEvent } from '@labwright/contract-hub/announce';
import { nullable } from '@labwright/kernel/http';
import Type, { type Static, type TSchema } from 'typebox';
import Value from 'typebox/value';
import { uuidOf } from '../text.ts';

/** How a device stood, as far as it was heard of. */
export interface Standing {
  status: string;
  paused: boolean;
}

const Changed = Type.Object({ status: Type.String(), paused: Type.Boolean(), deleted: Type.Boolean() });
const Finished = Type.Object({
  status: Type.String(),
  operation: Type.String(),
  error: nullable(Type.Object({ code: Type.String(), message: Type.String() })),
});
const Granted = Type.Object({ queue_entry_id: nullable(Type.String()) });

/** How a device stands by this event; undefined where it does not say. */
export function standingIn(event: DeviceEvent): (Standing & { deleted: boolean }) | undefined {
  return event.type === 'device.changed' ? read(Changed, event.data) : undefined;
}

type Told = Pick<AnnouncedEvent, 'type' | 'severity' | 'title' | 'text'>;

/** What people care about of an event of device-service; undefined: nothing. `before`: how its device stood. */
export function deviceNews(event: DeviceEvent, before: Standing | undefined): AnnouncedEvent | undefined {
  const told = tell(event, before);
  if (!told) return undefined;
  const { id, device_id, workflow_id, at } = event;
  return {
    // With its time: a database that was replaced counts from 1 again.
    id: uuidOf('devices', id, at),
    ...told,
    link: `/devices/${encodeURIComponent(device_id)}`,
    subject: { device_id, ...(workflow_id === null ? {} : { workflow_id }) },
    occurred_at: at,
  };
}

function tell(event: DeviceEvent, before: Standing | undefined): Told | undefined {
  switch (event.type) {
    case 'device.changed':
      return ofChange(event, before);
    case 'execution.finished':
      return ofOutcome(event);
    case 'booking.granted': {
      const grant = read(Granted, event.data);
      // Whoever did not wait for it was answered at once.
      if (!grant?.queue_entry_id) return undefined;
      return {
        type: 'booking.granted',
        severity: 'info',
        title: `${event.device_id} was booked from the queue`,
        text: `Workflow ${event.workflow_id} waited for ${event.device_id}, and has it now.`,
      };
    }
    default:
      return undefined;
  }
}

function ofChange(event: DeviceEvent, before: Standing | undefined): Told | undefined {
  const now = standingIn(event);
  if (!now || now.deleted) return undefined;
  const { device_id } = event;
  if (now.status === 'maintenance' && before?.status !== 'maintenance')
    return {
      type: 'device.maintenance',
      severity: 'warning',
      title: `${device_id} is in maintenance`,
      text: 'Nobody can book it until it is back; those who wait for it stay in line.',
    };
  if (now.status !== 'maintenance' && before?.status === 'maintenance')
    return {
      type: 'device.back',
      severity: 'info',
      title: `${device_id} is back from maintenance`,
      text: '',
    };
  if (now.paused && !before?.paused)
    return {
      type: 'device.paused',
      severity: 'warning',
      title: `${device_id} is paused`,
      text: 'It keeps its booking, and starts no operation until it is resumed.',
    };
  if (!now.paused && before?.paused)
    return { type: 'device.resumed', severity: 'info', title: `${device_id} goes on`, text: '' };
  return undefined;
}

/**
 * An operation that failed fails its workflow, which is told with more weight; so this is for those who look after the device. What nobody
 * knows the outcome of is the device's own trouble as well.
 */
function ofOutcome(event: DeviceEvent): Told | undefined {
  const outcome = read(Finished, event.data);
  if (!outcome || outcome.status === 'succeeded') return undefined;
  const { status, operation, error } = outcome;
  const reason = error ? `${error.message} (${error.code})` : 'No reason was given.';
  if (status === 'unknown')
    return {
      type: 'device.error',
      severity: 'warning',
      title: `${event.device_id} does not say what became of ${operation}`,
      text: reason,
    };
  return {
    type: 'operation.failed',
    severity: 'info',
    title: `${operation} failed on ${event.device_id}`,
    text: reason,
  };
}

function read<S extends TSchema>(schema: S, data: unknown): Static<S> | undefined {
  return Value.Check(schema, data) ? (data as Static<S>) : undefined;
}
