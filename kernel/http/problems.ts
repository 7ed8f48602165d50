import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { sqlState } from '../db.ts';
import { commonErrors, Problem } from '../errors.ts';
import { securityHeaders } from './security-headers.ts';
import { toFaults } from './validation.ts';

/** Input that passes its schema and that PostgreSQL itself refuses, by SQLSTATE. */
const refusedByDatabase = new Map([
  ['22003', 'A number is out of range.'],
  ['22007', 'A time is not one.'],
  ['22008', 'A time is out of range.'],
  ['22021', 'A text holds a character that cannot be stored (U+0000).'],
  ['22P05', 'A text holds a character that cannot be stored (U+0000).'],
]);

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
      return commonErrors.problem(
        'payload_too_large',
        'The body is larger than this route accepts (1 MiB of JSON; imports say their own limit).',
      );
    case 'FST_ERR_BAD_URL':
      return commonErrors.problem(
        'unreadable_request',
        'The URL cannot be read: a percent sign in it begins no character.',
      );
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return commonErrors.problem(
        'malformed_json',
        'The body is not valid JSON: look for a missing quote, brace or comma.',
      );
  }
  if (sqlState(error) === '57014')
    return commonErrors.problem('overloaded', 'The database took too long; nothing was changed. Try again.', {
      retryAfter: 5,
      cause: error,
    });
  const refusal = refusedByDatabase.get(sqlState(error) ?? '');
  if (refusal) return commonErrors.problem('validation_failed', refusal, { cause: error });
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

const bareHeaders = Object.entries(securityHeaders)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');

/** What is not even HTTP has no request and no reply: it is answered on the bare connection, which then ends. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  // An answer that is under way would be torn by another one in the middle of it.
  const { _httpMessage: answer } = socket as Socket & { _httpMessage?: { headersSent: boolean } };
  if (error.code === 'ECONNRESET' || !socket.writable || answer?.headersSent) return void socket.destroy();
  const tooSlow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : tooSlow ? 408 : 400;
  const problem = tooSlow
    ? commonErrors.problem('request_timeout', 'The headers did not arrive in time; nothing was done.')
    : commonErrors.problem(
        'unreadable_request',
        `The request cannot be read as HTTP (${error.code ?? error.message}).`,
      );
  const body = JSON.stringify({ ...problem.toWire(), status });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n` +
      `${bareHeaders}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
