import { createHash, randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import type { Db } from '../db.ts';
import { commonErrors } from '../errors.ts';
import { localPrincipal } from '../identity.ts';
import type { Log } from '../log.ts';
import { command, rows } from '../statement.ts';
import { nullable } from './schemas.ts';
import type { App } from './server.ts';

/**
 * `Idempotency-Key` on every POST: for 24 hours the same key of the same principal with the same request gets the same answer, and
 * with another request a 422. A key of somebody else is another key. Where nobody is known, and where the answer is a secret
 * (`secretAnswer`), keys mean nothing: nothing is kept that could be given to the wrong one, or found in the table.
 *
 *     (none) --first request--> running --answered--> answered --24 h--> (none)
 *                                  | its process died, the lease ran out: the next request takes over
 *
 * An answer is recorded after the change is committed. A crash between the two would make the next request do
 * the change again, so each use case takes `request.actionId`, which is derived from the key, as the id of what
 * it makes: doing it again finds it made. Refusals that may pass (409, 5xx, or with Retry-After) are not kept: nothing was
 * done, and the same request may succeed later.
 */
declare module 'fastify' {
  interface FastifyContextConfig {
    /** The answer holds what nobody may find later (a token, a cookie): it is not kept, and given once. */
    secretAnswer?: boolean;
  }
  interface FastifyRequest {
    /** Derived from the principal and the Idempotency-Key where there is one, random otherwise. A UUID. */
    actionId: string;
    /** Set while this request owns its Idempotency-Key. */
    idempotencyKey: Owner | null;
  }
}

/**
 * The member by which a body that was received into a file (an import) names the digest of its bytes: it stands for
 * the body where two requests are compared.
 */
export const bodyDigest: unique symbol = Symbol('labwright.bodyDigest');

const keptHours = 24;
const leaseSeconds = 60;

const claim = rows(
  'kernel.idempotency.claim',
  Type.Object({ key: Type.String() }),
  `INSERT INTO idempotency_keys AS k (principal, key, request_hash, leased_until)
   VALUES ($1, $2, $3, now() + make_interval(secs => $4))
   ON CONFLICT (principal, key) DO UPDATE SET
     request_hash = excluded.request_hash, leased_until = excluded.leased_until,
     status = NULL, content_type = NULL, location = NULL, body = NULL, created_at = now()
   WHERE k.created_at < now() - make_interval(hours => $5)
      OR (k.status IS NULL AND k.leased_until < now() AND k.request_hash = excluded.request_hash)
   RETURNING key`,
);

const find = rows(
  'kernel.idempotency.find',
  Type.Object({
    request_hash: Type.String(),
    status: nullable(Type.Integer()),
    content_type: nullable(Type.String()),
    location: nullable(Type.String()),
    body: nullable(Type.String()),
  }),
  'SELECT request_hash, status, content_type, location, body FROM idempotency_keys WHERE principal = $1 AND key = $2',
);

const record = command(
  'kernel.idempotency.record',
  'UPDATE idempotency_keys SET status = $3, content_type = $4, location = $5, body = $6 WHERE principal = $1 AND key = $2',
);

const forget = command(
  'kernel.idempotency.forget',
  'DELETE FROM idempotency_keys WHERE principal = $1 AND key = $2 AND status IS NULL',
);

const expire = command(
  'kernel.idempotency.expire',
  'DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(hours => $1)',
);

/** Deletes the keys whose 24 hours are over; a service calls it now and then. */
export function expireIdempotencyKeys(db: Db): Promise<number> {
  return db.execute(expire, [keptHours]);
}

export function honourIdempotencyKeys(app: App, db: Db, log: Log): void {
  app.decorateRequest('actionId', '');
  app.decorateRequest('idempotencyKey', null);

  app.addHook('preHandler', async (request, reply) => {
    const key = request.headers['idempotency-key'];
    const principal = request.principal?.id;
    const { secretAnswer } = request.routeOptions.config;
    if (request.method !== 'POST' || key === undefined || principal === undefined || secretAnswer) {
      request.actionId = randomUUID();
      return;
    }
    if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key))
      throw commonErrors.problem(
        'validation_failed',
        'Idempotency-Key must be 1 to 255 visible ASCII characters.',
        {
          faults: [{ path: 'headers.idempotency-key', message: 'must be 1 to 255 visible ASCII characters' }],
        },
      );
    const owner = { principal, key };
    request.actionId = uuidFrom(owner);
    const hash = requestHash(request);
    const owned = await db.first(claim, [principal, key, hash, leaseSeconds, keptHours]);
    if (owned) request.idempotencyKey = owner;
    else await replay(db, owner, hash, reply);
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const owner = request.idempotencyKey;
    if (owner === null) return payload;
    const { principal, key } = owner;
    request.idempotencyKey = null;
    const { statusCode } = reply;
    const asksToRetry =
      statusCode >= 500 || statusCode === 409 || reply.getHeader('retry-after') !== undefined;
    const keep = !asksToRetry && typeof payload === 'string';
    try {
      const header = (name: string) => reply.getHeader(name) ?? null;
      if (keep)
        await db.execute(record, [
          principal,
          key,
          reply.statusCode,
          header('content-type'),
          header('location'),
          payload,
        ]);
      else await db.execute(forget, [principal, key]);
    } catch (error) {
      // The change is committed: the caller must hear of it. A repeated request finds it by its action id.
      log.warn({ err: error }, 'an idempotency key could not be recorded');
    }
    return payload;
  });
}

interface Owner {
  readonly principal: string;
  readonly key: string;
}

async function replay(db: Db, { principal, key }: Owner, hash: string, reply: FastifyReply): Promise<void> {
  const known = await db.first(find, [principal, key]);
  if (known && known.request_hash !== hash)
    throw commonErrors.problem(
      'idempotency_key_reused',
      'This Idempotency-Key was used for another request within the last 24 hours. Use a new key.',
    );
  if (known?.status == null)
    throw commonErrors.problem(
      'idempotency_in_progress',
      'The first request with this Idempotency-Key has not been answered yet. Send it again after Retry-After.',
      { retryAfter: 1 },
    );
  if (known.location !== null) reply.header('location', known.location);
  reply
    .code(known.status)
    .header('idempotency-replayed', 'true')
    .type(known.content_type ?? 'application/json')
    .serializer((payload: unknown) => payload as string);
  await reply.send(known.body ?? '');
}

/**
 * Same method, path and body. A body that is still a stream is not read here: its length and type stand for it,
 * which takes two files of one length for the same. Receive it before (a content type parser) and name its digest.
 */
function requestHash(request: FastifyRequest): string {
  const given = request.body as { pipe?: unknown; [bodyDigest]?: string } | null | undefined;
  const streamed = typeof given?.pipe === 'function';
  const body =
    given?.[bodyDigest] ??
    (streamed
      ? `${request.headers['content-type']} ${request.headers['content-length']}`
      : JSON.stringify(given ?? null, sortedMembers));
  return createHash('sha256').update(`${request.method} ${request.url}\n${body}`).digest('hex');
}

function sortedMembers(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A version 8 UUID (RFC 9562) made from the key and whose it is. A key holds no space: no two owners give the same text. */
function uuidFrom({ principal, key }: Owner): string {
  // The local user's ids are what they were before there were accounts: a request of then can be sent again now.
  const whose = principal === localPrincipal.id ? '' : `${principal} `;
  const hex = createHash('sha256').update(`labwright action ${whose}${key}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
