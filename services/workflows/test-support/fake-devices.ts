import {
  type Booking,
  type Device,
  type DeviceEvent,
  type DevicesApi,
  deviceErrors,
  type Execution,
  type HolderWait,
  type QueueEntry,
} from '@labwright/contract-devices';
import { commonErrors } from '@labwright/kernel/errors';
import { at, busy, faultsOf, newDevice, newEntry, values } from './fake-rows.ts';
import { createNotices } from './notices.ts';

/**
 * The instruments in memory, with the same rules as device-service: one active booking a device, queues by priority and
 * arrival, one execution an id, a feed of everything that happened. Faults come from `faulty-devices.ts`.
 */
export interface FakeDevices {
  readonly api: DevicesApi;
  addDevice(id: string, capabilities?: string[]): void;
  /** What becomes of an operation that begins; `hang` until `finish`. */
  onExecute: (execution: Execution) => Ending | 'hang';
  finish(executionId: string, ending: Ending): void;
  setPaused(deviceId: string, paused: boolean): void;
  /** As if somebody released the device by hand. */
  releaseByHand(deviceId: string): void;
  /** As if somebody edited the tables by hand: nobody is told. */
  forgetBooking(deviceId: string): void;
  forgetEntry(deviceId: string, workflowId: string): void;
  cancelEntryByHand(deviceId: string, workflowId: string): void;
  deleteDevice(deviceId: string): void;
  holder(deviceId: string): Booking | undefined;
  /** What was noted last that the holder waits for, by booking. */
  readonly waits: ReadonlyMap<string, HolderWait>;
  waiting(deviceId: string): QueueEntry[];
  readonly events: readonly DeviceEvent[];
  readonly executions: ReadonlyMap<string, Execution>;
  /** How often an execution id moved a device. */
  readonly moves: ReadonlyMap<string, number>;
}

export type Ending = 'succeeded' | 'failed' | 'unknown';

export function createFakeDevices(): FakeDevices {
  const devices = new Map<string, Device>();
  const bookings: Booking[] = [];
  const queue: QueueEntry[] = [];
  const executions = new Map<string, Execution>();
  const waits: Map<string, HolderWait> = new Map();
  const moves = new Map<string, number>();
  const events: DeviceEvent[] = [];
  const { changed, until } = createNotices();
  let ids = 0;
  const nextId = () => String(++ids);

  const tell = (type: DeviceEvent['type'], device_id: string, workflow_id: string | null, data: object) => {
    events.push({ id: nextId(), type, device_id, workflow_id, data: { ...data }, at: at() });
    changed();
  };

  const device = (id: string): Device => {
    const found = devices.get(id);
    if (!found) throw deviceErrors.problem('device_not_found', `There is no device ${id}.`);
    return found;
  };
  const holder = (id: string) => bookings.find((b) => b.device_id === id && b.status === 'active');
  const waiting = (id: string) =>
    queue
      .filter((entry) => entry.device_id === id && entry.status === 'queued')
      .sort((a, b) => a.priority_value - b.priority_value || Number(a.id) - Number(b.id));
  const entryOf = (id: string, workflowId: string) =>
    waiting(id).find((entry) => entry.workflow_id === workflowId);
  const operating = (id: string) =>
    [...executions.values()].find((e) => e.device_id === id && e.status === 'running');

  const grant = (
    id: string,
    workflow_id: string,
    operations: string[],
    entry: QueueEntry | null,
  ): Booking => {
    const found = device(id);
    found.fencing_token += 1;
    found.status = 'busy';
    const booking: Booking = {
      id: nextId(),
      device_id: id,
      workflow_id,
      fencing_token: found.fencing_token,
      status: 'active',
      operations,
      queue_entry_id: entry?.id ?? null,
      booked_at: at(),
      released_at: null,
      release_reason: null,
    };
    bookings.push(booking);
    const { fencing_token, queue_entry_id } = booking;
    tell('booking.granted', id, workflow_id, { booking_id: booking.id, fencing_token, queue_entry_id });
    return booking;
  };

  const handOn = (id: string) => {
    if (holder(id)) return;
    const [next] = waiting(id);
    device(id).status = 'available';
    if (!next) return;
    Object.assign(next, { status: 'booked', booked_at: at() });
    grant(id, next.workflow_id, next.operations, next);
  };

  const release = (booking: Booking, reason: string) => {
    Object.assign(booking, { status: 'released', released_at: at(), release_reason: reason });
    tell('booking.released', booking.device_id, booking.workflow_id, { booking_id: booking.id, reason });
    handOn(booking.device_id);
  };

  const cancelEntry = (entry: QueueEntry, reason: string) => {
    Object.assign(entry, { status: 'cancelled', cancelled_at: at(), cancel_reason: reason });
    tell('queue.cancelled', entry.device_id, entry.workflow_id, { entry_id: entry.id, reason });
  };

  const finish = (executionId: string, ending: Ending) => {
    const execution = executions.get(executionId);
    if (execution?.status !== 'running') return;
    Object.assign(execution, {
      status: ending,
      finished_at: at(),
      duration_ms: 1,
      result: ending === 'succeeded' ? { done: execution.operation } : null,
      error: ending === 'succeeded' ? null : { code: `device_${ending}`, message: `the device ${ending}` },
    });
    const { id, device_id, workflow_id, operation } = execution;
    const data = { log_id: id, execution_id: executionId, status: ending, operation };
    tell('execution.finished', device_id, workflow_id, data);
  };

  const fake: FakeDevices = {
    addDevice: (id, capabilities = ['aspirate', 'dispense', 'incubate']) => {
      devices.set(id, newDevice(id, capabilities));
    },
    onExecute: () => 'succeeded',
    finish,
    setPaused: (id, paused) => {
      device(id).paused = paused;
    },
    releaseByHand: (id) => {
      const booking = holder(id);
      if (booking) release(booking, 'by hand');
    },
    forgetBooking: (id) => {
      const index = bookings.findIndex((b) => b.device_id === id && b.status === 'active');
      if (index >= 0) bookings.splice(index, 1);
      handOn(id);
    },
    forgetEntry: (id, workflowId) => {
      const entry = entryOf(id, workflowId);
      if (entry) queue.splice(queue.indexOf(entry), 1);
    },
    cancelEntryByHand: (id, workflowId) => {
      const entry = entryOf(id, workflowId);
      if (entry) cancelEntry(entry, 'by hand');
    },
    deleteDevice: (id) => {
      for (const entry of waiting(id)) cancelEntry(entry, 'the device was deleted');
      devices.delete(id);
    },
    holder,
    waits,
    waiting,
    events,
    executions,
    moves,
    api: {
      getDevice: async (id) => ({ ...device(id) }),
      book: async ({ device_id, workflow_id, operations = [] }) => {
        device(device_id);
        const held = holder(device_id);
        if (held?.workflow_id === workflow_id) return { ...held };
        if (held) throw busy(held, waiting(device_id).length);
        return { ...grant(device_id, workflow_id, operations, null) };
      },
      enqueue: async ({ device_id, workflow_id, priority, operations = [] }) => {
        device(device_id);
        const mine = () => {
          const booking = holder(device_id);
          return booking?.workflow_id === workflow_id ? booking : null;
        };
        const own = entryOf(device_id, workflow_id);
        const entry = own ?? newEntry(nextId(), device_id, workflow_id, priority ?? 'normal', operations);
        if (own && priority && own.priority !== priority) {
          Object.assign(own, { priority, priority_value: values[priority] });
          tell('queue.entered', device_id, workflow_id, {
            entry_id: own.id,
            reason: 'priority_changed',
            priority,
          });
        }
        if (mine()) return { entry: { ...entry, status: 'booked' }, booking: mine() };
        if (!own) {
          queue.push(entry);
          tell('queue.entered', device_id, workflow_id, { entry_id: entry.id });
        }
        handOn(device_id);
        const booking = mine();
        return { entry: { ...entry }, booking: booking && { ...booking } };
      },
      withdraw: async ({ device_id, workflow_id, booking_id, reason = 'withdrawn' }) => {
        device(device_id);
        const booking = holder(device_id);
        const release_ = booking?.workflow_id === workflow_id && (!booking_id || booking.id === booking_id);
        const running = operating(device_id);
        if (release_ && running)
          throw deviceErrors.problem('device_operating', `${device_id} is at work.`, {
            extra: { execution_id: running.execution_id },
          });
        const entry = entryOf(device_id, workflow_id);
        if (entry) cancelEntry(entry, reason);
        if (release_) release(booking, reason);
      },
      execute: async ({ wait_seconds, ...request }) => {
        const known = executions.get(request.execution_id);
        if (known && known.operation !== request.operation)
          throw deviceErrors.problem(
            'execution_id_reused',
            `${request.execution_id} was ${known.operation}.`,
          );
        const execution = known ?? begin(request);
        await until(() => execution.status !== 'running', wait_seconds);
        return { ...execution };
      },
      noteWait: async ({ device_id, workflow_id, booking_id, wait }) => {
        device(device_id);
        const held = holder(device_id);
        if (held?.workflow_id !== workflow_id || held.id !== booking_id)
          throw deviceErrors.problem('not_the_holder', `Workflow ${workflow_id} does not hold ${device_id}.`);
        waits.set(booking_id, wait);
      },
      getExecution: async (id) => {
        const found = executions.get(id);
        if (!found) throw deviceErrors.problem('execution_not_found', `There is no execution ${id}.`);
        return { ...found };
      },
      checkOperation: async ({ device_id, operation, parameters }) =>
        device(device_id).capabilities.includes(operation)
          ? faultsOf(parameters, 'parameters')
          : [{ path: 'operation', message: `${device_id} cannot do ${operation}` }],
      events: async ({ cursor = '0', wait_seconds, signal }) => {
        const from = Number(cursor);
        if (!Number.isInteger(from) || from > events.length)
          throw deviceErrors.problem('invalid_cursor', `${cursor} is not a cursor of ours.`);
        if (wait_seconds > 0) await until(() => events.length > from, wait_seconds, signal);
        const page = events.slice(from, from + 200);
        return {
          events: page.map((event, index) => ({ ...event, cursor: String(from + index + 1) })),
          next_cursor: String(from + page.length),
        };
      },
    },
  };

  function begin(request: Omit<Parameters<DevicesApi['execute']>[0], 'wait_seconds'>): Execution {
    const { device_id, workflow_id, booking_id, operation, parameters, execution_id } = request;
    const found = device(device_id);
    const held = holder(device_id);
    if (held?.workflow_id !== workflow_id || (booking_id ?? held.id) !== held.id)
      throw deviceErrors.problem('not_the_holder', `Workflow ${workflow_id} does not hold ${device_id}.`);
    if (!found.capabilities.includes(operation))
      throw deviceErrors.problem('unknown_operation', `${device_id} cannot do ${operation}.`);
    const faults = faultsOf(parameters, 'body.parameters');
    if (faults.length > 0) throw commonErrors.problem('validation_failed', 'Not valid.', { faults });
    if (found.paused) throw deviceErrors.problem('device_paused', `${device_id} is paused.`);
    if (operating(device_id)) throw deviceErrors.problem('device_operating', `${device_id} is at work.`);
    const execution: Execution = {
      id: nextId(),
      execution_id,
      device_id,
      device_type: found.type,
      workflow_id,
      operation,
      parameters,
      fencing_token: held.fencing_token,
      status: 'running',
      result: null,
      error: null,
      started_at: at(),
      finished_at: null,
      duration_ms: null,
    };
    executions.set(execution_id, execution);
    moves.set(execution_id, (moves.get(execution_id) ?? 0) + 1);
    const ending = fake.onExecute(execution);
    if (ending !== 'hang') finish(execution_id, ending);
    return execution;
  }

  return fake;
}
