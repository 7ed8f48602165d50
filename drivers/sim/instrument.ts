import { defineOperation, type OperationDefinition, type OperationSpec } from '@labwright/driver-kit';
import type { Static, TObject } from 'typebox';
import type { Random } from './random.ts';

/** What an operation's result is made from, beside its parameters. */
export interface SimulationContext {
  /** Differs from command to command. */
  random: Random;
  /** Stays the same for one device: what its samples look like. */
  seed: number;
  device_id: string;
  /** A number out of the result of the last command that succeeded, if it had one of this name. */
  last(name: string): number | undefined;
}

export interface SimulatedOperation {
  spec: OperationSpec;
  /** The result of a run without trouble. Same arguments, same result. */
  simulate(parameters: Record<string, unknown>, context: SimulationContext): Record<string, unknown>;
}

export interface SimulatedInstrument {
  /** As in a device's `type`. */
  type: string;
  description: string;
  operations: readonly SimulatedOperation[];
  /** How this instrument fails: code and what it says. The first one is the usual one. */
  failures: Readonly<Record<string, string>>;
}

/** An operation whose functions see their parameters typed by the schema. */
export function simulated<T extends TObject>(
  definition: OperationDefinition<T> & {
    simulate(parameters: Static<T>, context: SimulationContext): Record<string, unknown>;
  },
): SimulatedOperation {
  return {
    spec: defineOperation(definition),
    // Sound because only validated parameters come this far.
    simulate: (parameters, context) => definition.simulate(parameters as Static<T>, context),
  };
}
