import { type DeviceEvent, Priority } from '@labwright/contract-devices';
import { NoRetry } from '@labwright/jobs';
import { nullable } from '@labwright/kernel/http';
import Type, { type Static, type TSchema } from 'typebox';
import Value from 'typebox/value';

/* What device-service tells with each kind of event. */

const Grant = Type.Object({
  booking_id: Type.String(),
  fencing_token: Type.Integer(),
  queue_entry_id: nullable(Type.String()),
});
const Release = Type.Object({ booking_id: Type.String(), reason: nullable(Type.String()) });
const Entry = Type.Object({
  entry_id: Type.String(),
  reason: Type.Optional(nullable(Type.String())),
  /** Where somebody gave it another one. */
  priority: Type.Optional(Priority),
});
/** Without an id where a person asked for the operation and gave none. */
const Finished = Type.Object({ execution_id: nullable(Type.String()) });

/** Throws where the event does not carry what it should. */
function read<S extends TSchema>(schema: S, event: DeviceEvent): Static<S> {
  if (Value.Check(schema, event.data)) return event.data as Static<S>;
  const faults = Value.Errors(schema, event.data).map((fault) => `${fault.instancePath} ${fault.message}`);
  throw new NoRetry(`Event ${event.id} (${event.type}) is not understood: ${faults.join('; ')}`);
}

export const grantIn = (event: DeviceEvent) => read(Grant, event);
export const releaseIn = (event: DeviceEvent) => read(Release, event);
export const entryIn = (event: DeviceEvent) => read(Entry, event);
export const executionIn = (event: DeviceEvent) => read(Finished, event).execution_id;
