import { auditMigrations } from '@labwright/audit';
import { linkErrors } from '@labwright/contract-hub/links';
import { type Clock, systemClock } from '@labwright/kernel/clock';
import type { Db } from '@labwright/kernel/db';
import { createHttpServer, type HttpServer } from '@labwright/kernel/http';
import { type Role, roles } from '@labwright/kernel/identity';
import { silentLog } from '@labwright/kernel/log';
import { createMetrics, type Metrics } from '@labwright/kernel/telemetry';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import { createLinks, type LinksOptions, linksMigrations } from '../index.ts';

// biome-ignore lint/suspicious/noExplicitAny: an answer is whatever JSON came.
type Json = any;

export interface LinksServer {
  readonly server: HttpServer;
  readonly metrics: Metrics;
  /** How often a code was looked up in the database. */
  lookups(): Promise<number>;
  /** `as`: `role:name`, by default the admin `ada`; `nobody`. */
  ask(
    method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    url: string,
    body?: object,
    given?: { as?: string; headers?: Record<string, string> },
  ): Promise<{ status: number; headers: Record<string, unknown>; body: Json; raw: Buffer }>;
  stop(): Promise<void>;
}

export const createLinksDatabase = (): Promise<TestDatabase> =>
  createTestDatabase([auditMigrations, linksMigrations]);

/** One process of the hub with this domain alone, on a database that others may share. */
export async function startLinks(
  db: Db,
  options: LinksOptions & { clock?: Clock } = {},
): Promise<LinksServer> {
  const { clock = systemClock, ...rest } = options;
  const metrics = createMetrics('links');
  const module = createLinks({ db, log: silentLog, metrics, clock }, rest);
  const server = await createHttpServer({
    name: 'links',
    version: '0.0.0',
    description: 'For tests.',
    log: silentLog,
    db,
    metrics,
    errors: [linkErrors],
    routes: module.routes,
    maxEventLoopDelay: 60_000,
    authenticate: async ({ headers }) => {
      const [role, name = role] = String(headers['x-who'] ?? 'admin:ada').split(':');
      const known = roles.find((one): one is Role => one === role);
      if (!known) return undefined;
      return { id: String(name), kind: 'user', name: String(name), role: known, scopes: null };
    },
  });
  await module.start();
  return {
    server,
    metrics,
    lookups: async () => {
      const counter = metrics.registry.getSingleMetric('link_lookups_total');
      return (await counter?.get())?.values[0]?.value ?? 0;
    },
    ask: async (method, url, body, { as, headers = {} } = {}) => {
      const answer = await server.app.inject({
        method,
        url,
        headers: { host: 'lab.example:5000', ...headers, ...(as ? { 'x-who': as } : {}) },
        ...(body ? { payload: body } : {}),
      });
      const json = String(answer.headers['content-type']).includes('json') && answer.body !== '';
      return {
        status: answer.statusCode,
        headers: answer.headers,
        body: json ? answer.json() : answer.body,
        raw: answer.rawPayload,
      };
    },
    stop: async () => {
      await server.close();
      await module.stop();
    },
  };
}
