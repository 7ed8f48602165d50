import { Type } from 'typebox';
import {
  type DriverModel,
  defineOperation,
  failed,
  guardedDriver,
  type Hardware,
  journalMemory,
  operationMap,
  processMemory,
  quantity,
} from '../index.ts';
import type { ShakerPort } from './shaker-port.ts';

const shake = defineOperation({
  name: 'shake',
  description: 'Shakes the plate on the deck.',
  parameters: Type.Object(
    {
      speed_rpm: quantity({
        unit: 'rpm',
        minimum: 100,
        maximum: 2000,
        default: 500,
        description: 'Orbital speed',
      }),
      duration_s: quantity({
        unit: 's',
        minimum: 1,
        maximum: 86_400,
        default: 60,
        description: 'Time at speed',
      }),
    },
    { additionalProperties: false },
  ),
  safe_to_repeat: false,
  typical_seconds: ({ duration_s }) => duration_s + 2,
});

/** The example of this folder's README: an instrument which numbers its runs and can be asked about each. */
export function shakerModel(connect: (device_id: string) => Promise<ShakerPort>): DriverModel {
  const operations = operationMap([shake]);
  return {
    type: 'bench_shaker',
    description: 'An orbital shaker.',
    operations,
    settings: Type.Object({}),
    checkSettings: () => [],
    open: async ({ device_id, journalFolder: folder, clock }) => {
      const port = await connect(device_id);
      const look: Hardware['look'] = async ({ execution_id }) => {
        const run = await port.run(execution_id);
        if (!run) return { status: 'not_started' };
        if (run.state === 'shaking') return { status: 'running', fraction: run.fraction };
        if (run.state === 'stopped') return failed('aborted', 'stopped on request');
        return { status: 'succeeded', result: { turns: run.turns } };
      };
      const hardware: Hardware = {
        look,
        start: async (command) => {
          await port.shake(command.execution_id, command.parameters);
          return look(command);
        },
        stop: async (command) => {
          await port.stop(command.execution_id);
          return look(command);
        },
        close: () => port.disconnect(),
      };
      const memory = folder ? await journalMemory({ folder, device_id }) : processMemory();
      return guardedDriver({ device_id, operations, hardware, memory, clock });
    },
  };
}
