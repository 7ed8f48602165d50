import type { Execution } from '@labwright/contract-devices';
import { defineTask, type Enqueued, type EnqueueOptions, enqueue } from '@labwright/jobs';
import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http';
import Type, { type Static } from 'typebox';

const OperationArgs = Type.Object({
  device_id: Type.String(),
  /** Null where a person put it on record without one. */
  execution_id: nullable(Type.String()),
  /** The process in which somebody waits for the outcome; missing where nobody knows. */
  asked_by: Type.Optional(Type.String()),
});
export type OperationArgs = Static<typeof OperationArgs>;

/** Carries out the operation that is on record as running. Its attempts end by a rule of their own: see carrier.ts. */
export const operationTask = defineTask({
  name: 'devices.operation',
  args: OperationArgs,
  maxAttempts: 1_000,
  retryDelayMs: 1_000,
});

/** One queue a device type: workers of a type take nothing else. */
export const queueOfType = (type: string) => `device.${type}`;

/** One job a device at a time. */
export const keyOfDevice = (deviceId: string) => `device ${deviceId}`;

/** Asks for an execution to be carried out, in the transaction that puts it on record. */
export function enqueueOperation(
  tx: Queryable,
  execution: Pick<Execution, 'device_id' | 'device_type' | 'execution_id'>,
  options: { askedBy?: string } & Pick<EnqueueOptions, 'uniqueKey'> = {},
): Promise<Enqueued> {
  const { device_id, device_type, execution_id } = execution;
  const { askedBy, ...rest } = options;
  const args: OperationArgs = {
    device_id,
    execution_id,
    ...(askedBy === undefined ? {} : { asked_by: askedBy }),
  };
  return enqueue(tx, operationTask, args, {
    ...rest,
    queue: queueOfType(device_type),
    key: keyOfDevice(device_id),
  });
}
