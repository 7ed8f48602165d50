import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import type { FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify';
import type { TSchema } from 'typebox';
import type { Fault } from '../errors.ts';

/**
 * Two validators: text becomes numbers in URLs, where all is text, and never in bodies, where "1" is a mistake.
 * Both report every fault, and both refuse unknown members: a misspelt name must not be silently ignored.
 */
function validator(coerceTypes: boolean): Ajv {
  const ajv = new Ajv({
    allErrors: true,
    coerceTypes,
    useDefaults: true,
    removeAdditional: false,
    strict: false,
    // Faults then know their schema, and with it an example to show.
    verbose: true,
  });
  (addFormats as unknown as (ajv: Ajv) => void)(ajv);
  return ajv;
}

export function schemaCompiler(): FastifySchemaCompiler<TSchema> {
  const body = validator(false);
  const url = validator(true);
  return ({ schema, httpPart }) => (httpPart === 'body' ? body : url).compile(schema);
}

/** Ajv's errors as places and sentences that a person can act on. */
export function toFaults(errors: readonly FastifySchemaValidationError[], part: string): Fault[] {
  const faults = errors
    // A failed union reports each branch and then itself; the branches say what is wanted.
    .filter((error) => error.keyword !== 'anyOf' || errors.length === 1)
    .map((error): Fault => {
      const place = part + pointerToPath(error.instancePath);
      const params = error.params as Record<string, unknown>;
      switch (error.keyword) {
        case 'required': {
          const name = String(params.missingProperty);
          return { path: `${place}.${name}`, message: `is required${exampleOf(error, name)}` };
        }
        case 'additionalProperties':
          return { path: `${place}.${params.additionalProperty}`, message: 'is not known here' };
        case 'enum':
          return { path: place, message: `must be one of ${(params.allowedValues as unknown[]).join(', ')}` };
        case 'type':
          if (place === 'body')
            return {
              path: place,
              message: 'must be a JSON object, sent with "Content-Type: application/json"',
            };
          return { path: place, message: error.message ?? 'is not valid' };
        case 'const':
          return { path: place, message: `must be ${JSON.stringify(params.allowedValue)}` };
        default:
          return {
            path: place,
            message: sizeFault(error.keyword, params) ?? error.message ?? 'is not valid',
          };
      }
    });
  return mergeAlternatives(faults);
}

/** `, for example "2025-01-01"`, where the schema of the missing member has one. */
function exampleOf(error: FastifySchemaValidationError, name: string): string {
  const { parentSchema } = error as {
    parentSchema?: { properties?: Record<string, { examples?: unknown[] }> };
  };
  const example = parentSchema?.properties?.[name]?.examples?.[0];
  return example === undefined ? '' : `, for example ${JSON.stringify(example)}`;
}

/** What is too long, too short, too many or too few, in words. */
function sizeFault(keyword: string, { limit }: Record<string, unknown>): string | undefined {
  const some = (unit: string) => `${limit} ${unit}${limit === 1 ? '' : 's'}`;
  switch (keyword) {
    case 'minItems':
      return limit === 1 ? 'must not be empty' : `must have at least ${some('item')}`;
    case 'maxItems':
      return `must have at most ${some('item')}`;
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must be at least ${some('character')} long`;
    case 'maxLength':
      return `must be at most ${some('character')} long`;
    case 'minProperties':
      return limit === 1 ? 'must not be empty' : `must have at least ${some('member')}`;
    case 'minimum':
      return `must be at least ${limit}`;
    case 'maximum':
      return `must be at most ${limit}`;
    case 'uniqueItems':
      return 'must not name anything twice';
    default:
      return undefined;
  }
}

/** Several sentences about one place become one. */
function mergeAlternatives(faults: Fault[]): Fault[] {
  const byPath = new Map<string, Set<string>>();
  for (const fault of faults) {
    const messages = byPath.get(fault.path) ?? new Set();
    messages.add(fault.message);
    byPath.set(fault.path, messages);
  }
  return [...byPath].map(([path, messages]) => ({ path, message: [...messages].join(' or ') }));
}

function pointerToPath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('');
}
