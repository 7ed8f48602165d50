import { type DevicesApi, deviceErrors, type Execution } from '@labwright/contract-devices';
import { type DriverModel, type OperationSpec, validateParameters } from '@labwright/driver-kit';
import { commonErrors, type Fault } from '@labwright/kernel/errors';
import type { Situation } from './statements.ts';

export type ExecuteRequest = Parameters<DevicesApi['execute']>[0];
export type CheckOperationRequest = Parameters<DevicesApi['checkOperation']>[0];

type Models = ReadonlyMap<string, DriverModel>;

/** What the device would have to do. */
export interface PlannedOperation {
  spec: OperationSpec;
  /** With defaults. */
  parameters: Record<string, unknown>;
}

/**
 * The operation with its parameters complete. Throws `unknown_device_type`, `unknown_operation`, or
 * `validation_failed` with the path of each fault.
 */
export function planOperation(
  models: Models,
  device: Situation,
  request: Pick<ExecuteRequest, 'device_id' | 'operation' | 'parameters'>,
): PlannedOperation {
  const { device_id, operation } = request;
  const spec = modelOf(models, device, device_id).operations.get(operation);
  if (!spec || !device.capabilities.includes(operation))
    throw deviceErrors.problem('unknown_operation', cannot(device_id, operation, device), {
      extra: { capabilities: device.capabilities },
      faults: [{ path: 'body.operation', message: `must be one of ${device.capabilities.join(', ')}` }],
    });
  const checked = validateParameters(spec, request.parameters, 'body.parameters');
  if ('faults' in checked) {
    const detail = checked.faults.map((fault) => `${fault.path} ${fault.message}`).join('; ');
    throw commonErrors.problem('validation_failed', detail, { faults: checked.faults });
  }
  return { spec, parameters: checked.parameters };
}

/** The same as faults, for whoever plans ahead. Throws `unknown_device_type` where nothing can be said. */
export function faultsOf(models: Models, device: Situation, request: CheckOperationRequest): Fault[] {
  const { device_id, operation, parameters } = request;
  const spec = modelOf(models, device, device_id).operations.get(operation);
  if (!spec || !device.capabilities.includes(operation))
    return [{ path: 'operation', message: cannot(device_id, operation, device) }];
  const checked = validateParameters(spec, parameters, 'parameters');
  return 'faults' in checked ? checked.faults : [];
}

/** Throws where the device may not begin anything for this workflow now. */
export function assertMayBegin(device: Situation, request: ExecuteRequest): void {
  const { device_id, workflow_id, booking_id } = request;
  if (device.holder !== workflow_id) {
    const holder = device.holder === null ? 'Nobody holds it' : `Workflow ${device.holder} holds it`;
    throw deviceErrors.problem(
      'not_the_holder',
      `Workflow ${workflow_id} does not hold ${device_id}, so it cannot use it. ${holder}: book it first.`,
      { extra: { holder: device.holder === null ? null : { workflow_id: device.holder } } },
    );
  }
  if (booking_id !== undefined && device.booking_id !== booking_id)
    throw deviceErrors.problem(
      'not_the_holder',
      `Workflow ${workflow_id} holds ${device_id} under booking ${device.booking_id}, and this was asked for under booking ${booking_id}, which is over. Nothing was done.`,
      { extra: { holder: { workflow_id, booking_id: device.booking_id } } },
    );
  if (device.paused)
    throw deviceErrors.problem(
      'device_paused',
      `${device_id} is paused and begins no operation. Resume it with PATCH /devices/${device_id} {"paused": false}.`,
    );
  if (device.running_id !== null)
    throw deviceErrors.problem(
      'device_operating',
      `${device_id} is carrying out ${device.running_operation}. Wait until that has ended.`,
      {
        extra: {
          execution_id: device.running_execution_id,
          execution_log_id: device.running_id,
          operation: device.running_operation,
        },
        retryAfter: 1,
      },
    );
}

/**
 * Throws `execution_id_reused` unless the execution on record is what is asked for now. Defaults may have changed
 * since, so only the parameters that are given count.
 */
export function assertSameRequest(known: Execution, request: ExecuteRequest): void {
  const { device_id, workflow_id, operation, execution_id } = request;
  const same =
    known.device_id === device_id &&
    known.workflow_id === workflow_id &&
    known.operation === operation &&
    isWithin(JSON.parse(JSON.stringify(request.parameters)), known.parameters);
  if (same) return;
  throw deviceErrors.problem(
    'execution_id_reused',
    `The execution_id "${execution_id}" belongs to ${known.operation} on ${known.device_id} with other content. Use a new one.`,
    { extra: { execution: known } },
  );
}

/** True where each value that is given is the one that is stored; objects may have more members there. */
function isWithin(given: unknown, stored: unknown): boolean {
  if (Array.isArray(given))
    return (
      Array.isArray(stored) &&
      given.length === stored.length &&
      given.every((item, index) => isWithin(item, stored[index]))
    );
  if (typeof given !== 'object' || given === null) return given === stored;
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return false;
  const members = new Map(Object.entries(stored));
  return Object.entries(given).every(([name, value]) => isWithin(value, members.get(name)));
}

function modelOf(models: Models, device: Situation, deviceId: string): DriverModel {
  const model = models.get(device.type);
  if (model) return model;
  throw deviceErrors.problem(
    'unknown_device_type',
    `There is no driver for ${deviceId}, which is a ${device.type}.`,
    { extra: { known_types: [...models.keys()] } },
  );
}

const cannot = (deviceId: string, operation: string, { capabilities }: Situation) =>
  `${deviceId} cannot do ${JSON.stringify(operation)}; it can: ${capabilities.join(', ') || 'nothing'}.`;
