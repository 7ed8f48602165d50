import {
  BookRequest,
  CheckRequest,
  type DevicesApi,
  EnqueueRequest,
  ExecuteRequest,
  NoteWaitRequest,
  ReleaseRequest,
} from '@labwright/contract-devices';
import { commonErrors } from '@labwright/kernel/errors';
import { toProblem } from '@labwright/kernel/http/problems';
import { schemaCompiler } from '@labwright/kernel/http/validation';
import type { TSchema } from 'typebox';

type Check = ReturnType<ReturnType<typeof schemaCompiler>>;

const compile = schemaCompiler();
const checkOf = (schema: TSchema): Check => compile({ schema, method: 'POST', url: '', httpPart: 'body' });

/** Refuses what device-service would refuse for its shape. */
export function checkingDevices(inner: DevicesApi): DevicesApi {
  const checked = <R extends { device_id: string }, T>(schema: TSchema, send: (request: R) => Promise<T>) => {
    const check = checkOf(schema);
    return async (request: R): Promise<T> => {
      const { device_id: _id, ...body } = request;
      if (check(body) !== true)
        throw toProblem(
          Object.assign(new Error(), { validation: check.errors ?? [], validationContext: 'body' }),
        );
      if (JSON.stringify(body).includes('\\u0000'))
        throw commonErrors.problem('validation_failed', 'The text holds U+0000.');
      return send(request);
    };
  };
  return {
    ...inner,
    book: checked(BookRequest, (request: Parameters<DevicesApi['book']>[0]) => inner.book(request)),
    enqueue: checked(EnqueueRequest, (request: Parameters<DevicesApi['enqueue']>[0]) =>
      inner.enqueue(request),
    ),
    withdraw: checked(ReleaseRequest, (request: Parameters<DevicesApi['withdraw']>[0]) =>
      inner.withdraw(request),
    ),
    execute: checked(ExecuteRequest, (request: Parameters<DevicesApi['execute']>[0]) =>
      inner.execute(request),
    ),
    noteWait: checked(NoteWaitRequest, (request: Parameters<DevicesApi['noteWait']>[0]) =>
      inner.noteWait(request),
    ),
    checkOperation: checked(CheckRequest, (request: Parameters<DevicesApi['checkOperation']>[0]) =>
      inner.checkOperation(request),
    ),
  };
}
