import replyFrom from '@fastify/reply-from';
import type { Vouch } from '@labwright/contract-hub/identity/vouching';
import { commonErrors } from '@labwright/kernel/errors';
import type { App } from '@labwright/kernel/http';
import type { SubjectUrls } from '@labwright/links';
import type { FastifyReply } from 'fastify';
import type { HubModule } from '../hub.ts';
import { gatewayErrors } from './errors.ts';
import { headersBack, headersFor } from './headers.ts';

/** Longer than any request may be told to wait for an outcome. */
const answerMs = 90_000;

export interface GatewayOptions {
  /** Where the other services answer, as soon as that is known. */
  services: SubjectUrls;
  /** Whoever asks has signed in. */
  accounts: boolean;
  /** Tells the other services whose address they should see. Without it they see that of the hub. */
  vouch?: Vouch | undefined;
}

/**
 * `/api/device-service/…` and `/api/workflow-service/…`: the other two services at the address of the hub, so that a browser, which has
 * the cookies of the hub and may talk to its own page's host alone, reaches everything.
 *
 *     request ──hub: who is it? a page of another site? how often?──► credentials and body as they came ──► the service: what may they do?
 *
 * Nobody gains by coming this way. The hub lets nobody through whom it does not know, and hands on what they have shown, never a word of its
 * own for them: roles and scopes are decided over there. Where people sign in, each request says that it comes through a proxy, so a service
 * that trusts its own machine does not mistake it for somebody who sits there. With it goes the
 * address of the client, as the hub itself takes it (`request.ip`), under a proof: limits over there count clients, not the hub. Bodies are streamed in both directions.
 */
export function createGateway({ services, accounts, vouch }: GatewayOptions): HubModule {
  const doors = [
    { prefix: '/api/device-service', name: 'device-service', url: services.devices },
    { prefix: '/api/workflow-service', name: 'workflow-service', url: services.workflows },
  ];
  return {
    name: 'gateway',
    errors: [gatewayErrors],
    routes: async (app) => {
      await app.register(replyFrom, {
        undici: { headersTimeout: answerMs, bodyTimeout: 0, connect: { timeout: 5_000 } },
        disableCache: true,
        disableRequestLogging: true,
        // A request that nobody answered is the caller's to send again.
        retryMethods: [],
        maxRetriesOn503: 0,
      });
      // What a body is, is for the service that reads it.
      app.removeAllContentTypeParsers();
      app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
      for (const door of doors) passThrough(app, door, { behindAccounts: accounts, vouch });
    },
    start: async () => {},
    stop: async () => {},
  };
}

function passThrough(
  app: App,
  { prefix, name, url }: { prefix: string; name: string; url: () => string | undefined },
  { behindAccounts, vouch }: { behindAccounts: boolean; vouch: Vouch | undefined },
): void {
  app.route({
    method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    url: `${prefix}/*`,
    // Idempotency keys mean what they say over there: nothing is kept of them here. Bodies have the limits of over there.
    config: { access: 'viewer', scope: null, secretAnswer: true, readsOwnBody: true },
    schema: { hide: true },
    handler: async (request, reply) => {
      const base = url();
      if (base === undefined)
        throw gatewayErrors.problem('service_away', `This laboratory has no ${name} that its hub knows of.`);
      const path = pathBehind(prefix, request.raw.url ?? '');
      return reply.from(`${base.replace(/\/$/, '')}${path}`, {
        rewriteRequestHeaders: ({ headers }) =>
          headersFor(headers, { behindAccounts, vouched: vouch?.(request.ip) ?? {} }),
        rewriteHeaders: (headers) => headersBack(headers, prefix),
        onError: (answer, { error }) => sendAway(answer as unknown as FastifyReply, name, error),
      });
    },
  });
}

/**
 * What the other service is asked for. The router also takes a whole address (`GET http://…/api/…`) and letters in hexadecimal for a way to a route; what is cut off
 * of those would leave the begin of something else, and `@elsewhere` behind the address of a service leads elsewhere. Throws `route_not_found`.
 */
function pathBehind(prefix: string, url: string): string {
  if (url.startsWith(`${prefix}/`)) return url.slice(prefix.length);
  throw commonErrors.problem('route_not_found', `There is no such route. Write it as it is: ${prefix}/….`);
}

/** It never answered. Where the connection was not even made, nothing was done. */
function sendAway(reply: FastifyReply, name: string, error: Error & { code?: string }): void {
  reply.log.warn({ err: error }, `${name} did not answer`);
  const reached = !/CONN?ECT|ECONNREFUSED|ENOTFOUND|SERVICE_UNAVAILABLE/.test(
    `${error.code} ${causeOf(error)}`,
  );
  const more = { retryAfter: 2, cause: error };
  const problem = reached
    ? gatewayErrors.problem(
        'service_silent',
        `${name} took the request and did not answer: whether it was done is not known. Look, or send it again with the same Idempotency-Key.`,
        more,
      )
    : gatewayErrors.problem(
        'service_away',
        `${name} cannot be reached; nothing was done. Try again in a moment.`,
        more,
      );
  void reply.send(problem);
}

const causeOf = (error: { cause?: unknown }) =>
  typeof error.cause === 'object' && error.cause !== null && 'code' in error.cause ? error.cause.code : '';
