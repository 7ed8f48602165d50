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
        case 'required':
          return { path: `${place}.${params.missingProperty}`, message: 'is required' };
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
          return { path: place, message: error.message ?? 'is not valid' };
      }
    });
  return mergeAlternatives(faults);
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
