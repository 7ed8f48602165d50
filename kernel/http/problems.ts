import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { sqlState } from '../db.ts';
import { commonErrors, Problem } from '../errors.ts';
import { toFaults } from './validation.ts';

/** Makes of anything that was thrown the one error that the caller sees. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const fastify = error as Partial<FastifyError>;
  if (fastify.validation) {
    const faults = toFaults(fastify.validation, fastify.validationContext ?? 'body');
    const detail = faults.map((fault) => `${fault.path} ${fault.message}`).join('; ');
    return commonErrors.problem('validation_failed', detail, { faults });
  }
  switch (fastify.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return commonErrors.problem(
        'unsupported_media_type',
        'This route does not read that content type. Send JSON with the header "Content-Type: application/json".',
      );
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return commonErrors.problem('payload_too_large', 'The body is larger than this route accepts.');
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return commonErrors.problem('malformed_json', fastify.message ?? 'The body is not valid JSON.');
  }
  if (sqlState(error) === '57014')
    return commonErrors.problem('overloaded', 'The database took too long; nothing was changed. Try again.', {
      retryAfter: 5,
      cause: error,
    });
  // An input that PostgreSQL itself refuses, such as a zero byte in a text.
  if (['22021', '22P05'].includes(sqlState(error) ?? ''))
    return commonErrors.problem(
      'validation_failed',
      'The text holds a character that cannot be stored (U+0000).',
    );
  if (fastify.statusCode && fastify.statusCode >= 400 && fastify.statusCode < 500)
    return new Problem(
      (fastify.code ?? 'bad_request').toLowerCase(),
      { status: fastify.statusCode, title: 'The request cannot be served' },
      fastify.message ?? 'The request cannot be served',
    );
  return commonErrors.problem(
    'internal_error',
    'Something went wrong on our side; the log has it under request_id.',
    {
      cause: error,
    },
  );
}

export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const problem = toProblem(error);
  if (problem.status >= 500 && problem.code === 'internal_error')
    request.log.error({ err: error }, problem.message);
  else request.log.debug({ code: problem.code, detail: problem.message }, 'a problem was answered');
  if (problem.retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(problem.retryAfter)));
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send(problem.toWire(request.id));
}
