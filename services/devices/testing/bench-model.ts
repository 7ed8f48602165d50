import {
  type Command,
  type Driver,
  type DriverModel,
  defineOperation,
  type Outcome,
  operationMap,
  quantity,
} from '@labwright/driver-kit';
import { Type } from 'typebox';

const speed = quantity({
  unit: 'rpm',
  minimum: 10,
  maximum: 1_000,
  default: 100,
  description: 'Speed of the stirrer.',
});

const operations = operationMap([
  defineOperation({
    name: 'stir',
    description: 'Ends at once.',
    parameters: Type.Object({ speed_rpm: speed }, { additionalProperties: false }),
    safe_to_repeat: true,
    typical_seconds: () => 10,
  }),
  defineOperation({
    name: 'soak',
    description: 'Goes on until the test ends it.',
    parameters: Type.Object({}, { additionalProperties: false }),
    safe_to_repeat: false,
    typical_seconds: () => 100,
  }),
]);

/** A device for tests: it does as it is told, and the test decides when a `soak` ends. */
export interface BenchModel {
  readonly model: DriverModel;
  /** Calls back when the next operation begins to move. */
  onBegin(begun: () => void): void;
  /** Ends every `soak` that runs, and those that are still to come at once. */
  finish(): void;
}

export function benchModel(): BenchModel {
  const finished = Promise.withResolvers<void>();
  let onBegin = () => {};
  const open = async (): Promise<Driver> => {
    const known = new Map<string, Promise<Outcome>>();
    const carryOut = async (command: Command): Promise<Outcome> => {
      onBegin();
      if (command.operation === 'soak') await finished.promise;
      return { status: 'succeeded', result: { operation: command.operation } };
    };
    const outcomeOf = async (id: string) => (await known.get(id)) ?? { status: 'not_started' as const };
    return {
      operations,
      execute: (command) => {
        const outcome = known.get(command.execution_id) ?? carryOut(command);
        known.set(command.execution_id, outcome);
        return outcome;
      },
      inquire: outcomeOf,
      wait: outcomeOf,
      close: async () => {},
    };
  };
  const model: DriverModel = {
    type: 'bench',
    description: 'A device for tests.',
    operations,
    settings: Type.Object({ port: Type.Optional(Type.String()) }, { additionalProperties: false }),
    checkSettings: (settings) =>
      Object.keys(settings as object)
        .filter((name) => name !== 'port')
        .map((name) => ({ path: `settings.${name}`, message: 'is not known here' })),
    open,
  };
  const listen = (begun: () => void) => {
    onBegin = begun;
  };
  return { model, onBegin: listen, finish: finished.resolve };
}
