import type { Fault } from '@labwright/kernel/errors';
import type { TObject, TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import Value from 'typebox/value';
import type { OperationSpec } from './operation.ts';

/**
 * Parameters with defaults filled in, or every fault with its path. `at` is what paths begin with:
 * `parameters`, or `body.steps[0].parameters` in a service. The input is left as it was.
 */
export function validateParameters(
  spec: OperationSpec,
  parameters: unknown,
  at = 'parameters',
): { parameters: Record<string, unknown> } | { faults: Fault[] } {
  const checked = validateObject(spec.parameters, parameters, at);
  if ('faults' in checked) return checked;
  const faults = spec.check?.(checked.value) ?? [];
  if (faults.length > 0)
    return { faults: faults.map((fault) => ({ ...fault, path: `${at}.${fault.path}` })) };
  return { parameters: checked.value };
}

/** A copy of `value` with the schema's defaults filled in, or every fault with its path. */
export function validateObject(
  schema: TObject,
  value: unknown,
  at: string,
): { value: Record<string, unknown> } | { faults: Fault[] } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { faults: [{ path: at, message: 'must be an object' }] };
  }
  let copy: unknown;
  try {
    copy = structuredClone(value);
  } catch {
    return { faults: [{ path: at, message: 'must be plain JSON' }] };
  }
  const filled = Value.Default(schema, copy) as Record<string, unknown>;
  if (validatorOf(schema).Check(filled)) return { value: filled };
  return { faults: faultsOf(schema, filled, at) };
}

const validators = new WeakMap<TSchema, Validator>();

function validatorOf(schema: TObject): Validator {
  const known = validators.get(schema);
  if (known) return known;
  const validator: Validator = Compile(schema);
  validators.set(schema, validator);
  return validator;
}

/** Asked property by property, because the validator stops counting after eight faults a call. */
function faultsOf(schema: TObject, value: Record<string, unknown>, at: string): Fault[] {
  const properties: Record<string, TSchema> = schema.properties;
  const required: readonly string[] = schema.required ?? [];
  const faults: Fault[] = [];
  for (const [name, property] of Object.entries(properties)) {
    const path = `${at}.${name}`;
    if (value[name] !== undefined) {
      faults.push(...Value.Errors(property, value[name]).flatMap((error) => explain(error, property, path)));
    } else if (required.includes(name)) {
      faults.push({ path, message: 'is required' });
    }
  }
  if ('additionalProperties' in schema && schema.additionalProperties === false) {
    const known = Object.keys(properties).join(', ') || 'none';
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(properties, name)) {
        faults.push({ path: `${at}.${name}`, message: `is not known here; known are: ${known}` });
      }
    }
  }
  if (faults.length > 0) return faults;
  return Value.Errors(schema, value).flatMap((error) => explain(error, schema, at));
}

function explain(error: TLocalizedValidationError, schema: TSchema, at: string): Fault[] {
  const path = at + codePath(error.instancePath);
  const unit = unitAt(schema, error.schemaPath);
  switch (error.keyword) {
    // Said once for the object and once for each property: the latter has the better path.
    case 'additionalProperties':
      return [];
    case 'boolean':
      return [{ path, message: 'is not known here' }];
    case 'required':
      return error.params.requiredProperties.map((name) => ({
        path: `${path}.${name}`,
        message: 'is required',
      }));
    case 'minimum':
      return [{ path, message: `must be at least ${error.params.limit}${unit}` }];
    case 'maximum':
      return [{ path, message: `must be at most ${error.params.limit}${unit}` }];
    case 'exclusiveMinimum':
      return [{ path, message: `must be more than ${error.params.limit}${unit}` }];
    case 'exclusiveMaximum':
      return [{ path, message: `must be less than ${error.params.limit}${unit}` }];
    case 'enum':
      return [{ path, message: `must be one of ${error.params.allowedValues.join(', ')}` }];
    case 'type':
      return [{ path, message: `must be of type ${[error.params.type].flat().join(' or ')}` }];
    default:
      return [{ path, message: error.message }];
  }
}

/** `/steps/0/name` as it is written in code: `.steps[0].name`. */
function codePath(pointer: string): string {
  return segments(pointer)
    .map((segment) => (/^\d+$/.test(segment) ? `[${segment}]` : `.${segment}`))
    .join('');
}

/** The unit of the part of the schema that was broken, with a space before it; empty for plain numbers. */
function unitAt(schema: TSchema, schemaPath: string): string {
  let node: unknown = schema;
  for (const segment of segments(schemaPath.replace(/^#/, ''))) {
    if (typeof node !== 'object' || node === null) return '';
    node = Object.entries(node).find(([name]) => name === segment)?.[1];
  }
  if (typeof node !== 'object' || node === null || !('unit' in node)) return '';
  return node.unit === '1' ? '' : ` ${node.unit}`;
}

function segments(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}
