import type { Clock } from '@labwright/kernel/clock';
import { createHttpServer, type HttpServer } from '@labwright/kernel/http';
import type { Principal } from '@labwright/kernel/identity';
import { silentLog } from '@labwright/kernel/log';
import { createMetrics } from '@labwright/kernel/telemetry';
import type { TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { limitClasses } from '../http/classes.ts';
import { limitRequests } from '../http/limit-requests.ts';
import { parseLimit } from '../limit.ts';
import { createLimiter, type Limiter } from '../limiter.ts';
import type { LimitStore } from '../store.ts';

export interface LimitedServer {
  readonly server: HttpServer;
  readonly limiter: Limiter;
  /** How often somebody was asked for who it is. */
  readonly authentications: () => number;
  readonly metrics: () => Promise<string>;
  /** Requests that came to `/wait` and `/wait-open`, which are answered once they are released. */
  readonly held: () => number;
  readonly release: () => void;
  /** `who`: `user:ID`, `service`, `local`, `wrong`; nobody without it. */
  ask(
    method: 'GET' | 'POST',
    url: string,
    given?: { who?: string; from?: string; headers?: Record<string, string> },
  ): Promise<{
    status: number;
    headers: Record<string, unknown>;
    // biome-ignore lint/suspicious/noExplicitAny: an answer is whatever JSON came.
    body: any;
  }>;
}

/** A small server whose requests are counted: 3 reads at once, 2 writes, 2 sign-ins a minute; an address twice of that. */
export async function startLimited(given: {
  database: TestDatabase;
  store: LimitStore;
  clock: Clock;
  whenDown?: 'open' | 'closed';
  inHand?: number;
}): Promise<LimitedServer> {
  const { database, store, clock, whenDown = 'open', inHand = 250 } = given;
  let authentications = 0;
  let held = 0;
  const gate = Promise.withResolvers<void>();
  const wait = async () => {
    held += 1;
    await gate.promise;
    return { ok: true };
  };
  const metrics = createMetrics('limited');
  const limiter = createLimiter({ store, clock, log: silentLog, whenDown });
  const server = await createHttpServer({
    name: 'limited',
    version: '0.0.0',
    description: 'For tests.',
    log: silentLog,
    db: database.db,
    metrics,
    errors: [],
    maxEventLoopDelay: 60_000,
    authenticate: async ({ headers }) => {
      authentications += 1;
      const [kind, id = kind] = String(headers['x-who'] ?? '').split(':');
      if (kind !== 'user' && kind !== 'service' && kind !== 'local') return undefined;
      return { id: String(id), kind, name: String(id), role: 'admin', scopes: null } satisfies Principal;
    },
    guard: limitRequests({
      service: 'limited',
      limiter,
      metrics,
      inHand,
      classes: {
        ...limitClasses({
          read: parseLimit('1/10s burst 3'),
          write: parseLimit('2/m window'),
          signIn: parseLimit('2/m window'),
          people: 2,
        }),
        failures: parseLimit('4/m window'),
      },
    }),
    routes: (app) => {
      app.get('/thing', { schema: { response: { 200: Type.Object({ ok: Type.Boolean() }) } } }, () => ({
        ok: true,
      }));
      app.get('/open', { config: { access: 'public' } }, () => ({ ok: true }));
      app.get('/wait', wait);
      app.get('/wait-open', { config: { access: 'public' } }, wait);
      app.post('/thing', async () => ({ ok: true }));
      app.post('/sign-in', { config: { access: 'public', limitClass: 'sign-in' } }, async () => ({
        ok: true,
      }));
    },
  });
  return {
    server,
    limiter,
    authentications: () => authentications,
    held: () => held,
    release: () => gate.resolve(),
    metrics: () => metrics.registry.metrics(),
    ask: async (method, url, { who, from = '192.0.2.1', headers = {} } = {}) => {
      const answer = await server.app.inject({
        method,
        url,
        remoteAddress: from,
        headers: { ...headers, ...(who ? { 'x-who': who } : {}) },
      });
      const json = String(answer.headers['content-type']).includes('json');
      return { status: answer.statusCode, headers: answer.headers, body: json ? answer.json() : answer.body };
    },
  };
}
