import type { Fault } from '@labwright/kernel/errors';
import { type Static, type TInteger, type TNumber, type TObject, Type } from 'typebox';
import { validateParameters } from './validation.ts';

/** What a driver can be asked to do. */
export interface OperationSpec {
  readonly name: string;
  readonly description: string;
  /** Units, limits, defaults and precision are part of the schema: see `quantity`. */
  readonly parameters: TObject;
  /** True only where doing it twice does a sample no more harm than doing it once. */
  readonly safe_to_repeat: boolean;
  /** Seconds from command to outcome at real speed. Takes parameters that have passed `validateParameters`. */
  typical_seconds(parameters: Record<string, unknown>): number;
  /** Rules that tie parameters together. Paths are relative to the parameters: `wells[3]`. */
  check?(parameters: Record<string, unknown>): Fault[];
}

export interface OperationDefinition<T extends TObject> {
  name: string;
  description: string;
  parameters: T;
  safe_to_repeat: boolean;
  typical_seconds(parameters: Static<T>): number;
  check?(parameters: Static<T>): Fault[];
}

/** An `OperationSpec` whose functions see their parameters typed by the schema. */
export function defineOperation<T extends TObject>(definition: OperationDefinition<T>): OperationSpec {
  const { name, description, parameters, safe_to_repeat, check } = definition;
  // Sound because a spec's functions are called with validated parameters only.
  const typed = (validated: Record<string, unknown>) => validated as Static<T>;
  return {
    name,
    description,
    parameters,
    safe_to_repeat,
    typical_seconds: (validated) => definition.typical_seconds(typed(validated)),
    ...(check ? { check: (validated) => check.call(definition, typed(validated)) } : {}),
  };
}

/** A map by name, as `Driver` and `DriverModel` hold it. Throws where two operations share a name. */
export function operationMap(specs: Iterable<OperationSpec>): ReadonlyMap<string, OperationSpec> {
  const map = new Map<string, OperationSpec>();
  for (const spec of specs) {
    if (map.has(spec.name)) throw new Error(`two operations are named ${spec.name}`);
    map.set(spec.name, spec);
  }
  return map;
}

export interface QuantityOptions {
  /** As it is printed: `µL`, `°C`, `s`, `nm`; `1` for a plain number. */
  unit: string;
  minimum: number;
  maximum: number;
  default: number;
  /** The smallest step that the instrument can tell apart, in the unit. */
  precision?: number;
  description: string;
}

/** The schema of a number with a unit. Limits are inclusive. */
export function quantity(options: QuantityOptions): TNumber {
  return Type.Number({ ...options });
}

/** The schema of a whole number of things: cycles, strokes. Limits are inclusive. */
export function count(options: Omit<QuantityOptions, 'unit' | 'precision'>): TInteger {
  return Type.Integer({ ...options, unit: '1' });
}

export interface OperationDescription {
  name: string;
  description: string;
  safe_to_repeat: boolean;
  /** Seconds, to a thousandth, with default parameters; null where some parameter has no default. */
  typical_seconds: number | null;
  /** JSON schema; a number's unit is its `unit`. */
  parameters: Record<string, unknown>;
}

/** An operation as plain JSON, for an API to answer with. */
export function describeOperation(spec: OperationSpec): OperationDescription {
  const defaults = validateParameters(spec, {});
  return {
    name: spec.name,
    description: spec.description,
    safe_to_repeat: spec.safe_to_repeat,
    typical_seconds:
      'parameters' in defaults ? inMilliseconds(spec.typical_seconds(defaults.parameters)) : null,
    parameters: asAsked(spec.parameters),
  };
}

/** Sums of fractions end in 0.30000000000000004, which nobody wants to read. */
const inMilliseconds = (seconds: number) => Math.round(seconds * 1_000) / 1_000;

/** The schema for whoever fills the parameters in: what has a default may be left out. */
function asAsked(parameters: TObject): Record<string, unknown> {
  const schema = JSON.parse(JSON.stringify(parameters));
  const required = (schema.required ?? []).filter((name: string) => !('default' in schema.properties[name]));
  delete schema.required;
  return required.length > 0 ? { ...schema, required } : schema;
}
