import { commonErrors } from '../errors.ts';
import type { App } from './server.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route reads its body itself, with limits of its own. */
    readsOwnBody?: boolean;
    /** The body may be left out: `curl -X POST url` asks the same as `{}`. */
    bodyOptional?: boolean;
  }
}

/** Members within members: deeper than any body of ours, and far from what exhausts the stack. */
const deepest = 100;

/**
 * How bodies come in: a whole JSON value within `bodyTimeout` milliseconds. A client that announces a body and never
 * sends it would otherwise hold its place among the requests in hand for ever.
 */
export function receiveBodies(app: App, bodyTimeout: number): void {
  app.addHook('preParsing', async (request, reply, payload) => {
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
    const expected = encoding !== undefined || Number(length) > 0;
    if (!expected || request.method === 'GET' || request.method === 'HEAD') return payload;
    if (request.routeOptions.config.readsOwnBody) return payload;
    const timer = setTimeout(() => {
      // Nobody reads it (the answer was given without the body): then only the connection is in the way.
      if (payload.listenerCount('error') === 0) return void request.raw.destroy();
      reply.header('connection', 'close');
      payload.emit('error', tooSlow(bodyTimeout));
    }, bodyTimeout).unref();
    for (const event of ['end', 'close'] as const) payload.once(event, () => clearTimeout(timer));
    return payload;
  });

  app.addHook('preValidation', async (request) => {
    if (request.routeOptions.config.bodyOptional) request.body ??= {};
  });

  // `curl -X POST -H 'Content-Type: application/json'` without a body is an empty request, not a mistake.
  app.removeContentTypeParser('application/json');
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') return done(null, undefined);
    parse(request, body as string, (error, value) => {
      const fault = error ? undefined : findFault(value);
      done(error ?? (fault ? refused(fault) : null), value);
    });
  });
}

/** Fastify reads `statusCode` of what a body's stream throws. */
function tooSlow(bodyTimeout: number) {
  const problem = commonErrors.problem(
    'request_timeout',
    `The body did not arrive within ${bodyTimeout / 1000} seconds; nothing was done. Send the request again.`,
  );
  return Object.assign(problem, { statusCode: problem.status });
}

const refused = (message: string) =>
  commonErrors.problem('validation_failed', `body ${message}`, { faults: [{ path: 'body', message }] });

/** What neither the database nor our own walks over JSON can take. Iterative: the value may be deep. */
function findFault(root: unknown): string | undefined {
  const waiting: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, depth } = next;
    if (typeof value === 'string' && !value.isWellFormed()) return halfCharacter;
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= deepest) return `is nested more than ${deepest} deep`;
    for (const [name, member] of Object.entries(value)) {
      if (!name.isWellFormed()) return halfCharacter;
      waiting.push({ value: member, depth: depth + 1 });
    }
  }
  return undefined;
}

const halfCharacter = 'holds half a character (a lone surrogate such as \\ud800), which cannot be stored';
