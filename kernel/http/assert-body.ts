import type { TSchema } from 'typebox';
import { toProblem } from './problems.ts';
import { schemaCompiler } from './validation.ts';

type Check = ReturnType<ReturnType<typeof schemaCompiler>>;

const compile = schemaCompiler();
const compiled = new WeakMap<TSchema, Check>();

/**
 * Checks a body exactly as the HTTP server does, for callers in the same process.
 * Throws the same `validation_failed` with the same paths (`body.workflow_id`).
 */
export function assertBody(schema: TSchema, body: unknown): void {
  let check = compiled.get(schema);
  if (!check) {
    check = compile({ schema, method: 'POST', url: '', httpPart: 'body' });
    compiled.set(schema, check);
  }
  if (check(body) === true) return;
  throw toProblem(Object.assign(new Error(), { validation: check.errors ?? [], validationContext: 'body' }));
}
