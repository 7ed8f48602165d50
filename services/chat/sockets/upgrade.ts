import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { socketPath } from '@labwright/contract-hub/chat';
import { chatErrors } from '@labwright/contract-hub/chat-errors';
import { contextFromHeaders, runInContext } from '@labwright/kernel/context';
import { commonErrors, type Problem } from '@labwright/kernel/errors';
import type { App } from '@labwright/kernel/http';
import { refuseCrossSite } from '@labwright/kernel/http/cross-site';
import { toProblem } from '@labwright/kernel/http/problems';
import type { Principal } from '@labwright/kernel/identity';
import type { Server as Engine } from 'engine.io';
import type { ChatDeps } from '../deps.ts';

/** What of a request says who asks; kept as long as its socket, to ask again. */
export interface Handshake {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly ip: string;
}

export interface Admission {
  readonly handshake: Handshake;
  readonly principal: Principal;
}

/** Requests that were let in, until their socket is there. */
export const admissions = new WeakMap<IncomingMessage, Admission>();

/** What this process knows of whoever comes. */
export interface Door {
  /** The address of who sent it. */
  addressOf(request: IncomingMessage): string;
  /** See `countUpgrade` of the server. */
  count: App['countUpgrade'];
  /** Sockets of a principal in this process. */
  socketsOf(principalId: string): number;
  closing(): boolean;
}

/** Answers an upgrade: to a WebSocket of ours, or with a problem as any other request. */
export async function upgrade(
  deps: ChatDeps,
  engine: Engine,
  door: Door,
  [request, socket, head]: [IncomingMessage, Duplex, Buffer],
): Promise<void> {
  socket.on('error', ignore);
  const context = contextFromHeaders(request.headers);
  await runInContext(context, async () => {
    try {
      const admission = await admit(deps, engine, door, request);
      if (socket.destroyed) return;
      admissions.set(request, admission);
      // socket.io's own type wants a member that it sets itself.
      engine.handleUpgrade(request as never, socket, head);
    } catch (error) {
      const problem = toProblem(error);
      if (problem.code === 'internal_error') deps.log.error({ err: error }, 'a socket was not let in');
      refuse(socket, problem, context.request_id);
    }
  });
}

async function admit(
  deps: ChatDeps,
  engine: Engine,
  door: Door,
  request: IncomingMessage,
): Promise<Admission> {
  const { settings } = deps;
  const path = (request.url ?? '').split('?', 1)[0];
  if (path !== socketPath && path !== `${socketPath}/`)
    throw commonErrors.problem('route_not_found', `There is no WebSocket at ${path}; it is ${socketPath}/.`);
  // A page of another site can open a WebSocket, and the browser sends our cookies with it.
  const handshake = handshakeOf(request, door.addressOf(request));
  refuseCrossSite(handshake);
  if (door.closing())
    throw commonErrors.problem('overloaded', 'The service stops. Try again shortly.', { retryAfter: 1 });
  if (engine.clientsCount >= settings.mostSockets)
    throw commonErrors.problem('overloaded', `${settings.mostSockets} sockets are open here.`, {
      retryAfter: 5,
    });
  const who = () => deps.authenticate(handshake);
  const principal = await (door.count ? door.count(handshake.ip, who) : who());
  if (!principal)
    throw commonErrors.problem(
      'unauthenticated',
      'Nobody is signed in. Sign in, or send an API token: Authorization: Bearer ….',
    );
  if (door.socketsOf(principal.id) >= settings.mostSocketsEach)
    throw chatErrors.problem(
      'too_many_sockets',
      `${principal.name} has ${settings.mostSocketsEach} sockets open here, which is the most.`,
      { retryAfter: 10 },
    );
  return { handshake, principal };
}

/** Without the headers of the WebSocket itself. */
const handshakeOf = (request: IncomingMessage, ip: string): Handshake => ({
  method: 'GET',
  url: request.url ?? socketPath,
  headers: request.headers,
  ip,
});

function refuse(socket: Duplex, problem: Problem, requestId: string): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify(problem.toWire(requestId));
  const more = [
    ...(problem.status === 401 ? ['WWW-Authenticate: Bearer'] : []),
    ...(problem.retryAfter === undefined ? [] : [`Retry-After: ${Math.ceil(problem.retryAfter)}`]),
  ].map((line) => `${line}\r\n`);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\nConnection: close\r\n` +
      `Content-Type: application/problem+json\r\n${more.join('')}` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

const ignore = () => {};
