import { auditMigrations } from '@labwright/audit';
import type { Announcer } from '@labwright/contract-hub/announce';
import { type ChatClient, type ChatClientOptions, connectChat } from '@labwright/contract-hub/chat-client';
import type { PeopleApi } from '@labwright/contract-hub/people';
import { type Clock, systemClock } from '@labwright/kernel/clock';
import { type Db, openDb } from '@labwright/kernel/db';
import { commonErrors } from '@labwright/kernel/errors';
import { createHttpServer, type HttpServer } from '@labwright/kernel/http';
import type { Authenticate, Principal } from '@labwright/kernel/identity';
import { silentLog } from '@labwright/kernel/log';
import { createMetrics, type Metrics } from '@labwright/kernel/telemetry';
import { createTestDatabase } from '@labwright/kernel/testing';
import type { Limiter } from '@labwright/limits';
import type { Static, TSchema } from 'typebox';
import type { OpenBackplane } from '../backplane/backplane.ts';
import { type Chat, type ChatSettings, chatMigrations, createChat } from '../index.ts';

/** One process of the hub with chat alone. */
export interface ChatServer {
  readonly url: string;
  readonly port: number;
  readonly chat: Chat;
  readonly db: Db;
  readonly server: HttpServer;
  readonly metrics: Metrics;
  stop(): Promise<void>;
}

export interface ServerOptions {
  databaseUrl: string;
  port?: number;
  backplane?: OpenBackplane;
  announcer?: Announcer;
  people?: PeopleApi;
  limiter?: Limiter;
  onRevoked?: (listener: () => void) => void;
  clock?: Clock;
  settings?: Partial<ChatSettings>;
  authenticate?: Authenticate;
}

/** Whoever says so, by a token or a cookie: `Bearer ada/scientist`, `Bearer bot/operator/chat:read` with scopes. Nobody without that. */
export const sayWho: Authenticate = async ({ headers }) => {
  const shown = headers.authorization ?? headers.cookie;
  if (typeof shown !== 'string') return undefined;
  const [id = '', role, scopes] = shown.replace('Bearer ', '').split('/');
  if (id === 'forged') throw commonErrors.problem('unauthenticated', 'The token is not one of ours.');
  return {
    id,
    kind: scopes === undefined ? 'user' : 'token',
    name: id.replace(/^./, (first) => first.toUpperCase()),
    role: (role ?? 'viewer') as Principal['role'],
    scopes: scopes === undefined ? null : scopes.split(' '),
  };
};

export async function startChatServer(options: ServerOptions): Promise<ChatServer> {
  const db = openDb({ url: options.databaseUrl, applicationName: 'chat', max: 10 });
  const metrics = createMetrics('hub-service');
  const given = { db, log: silentLog, metrics, clock: options.clock ?? systemClock };
  const authenticate = options.authenticate ?? sayWho;
  const chat = createChat(given, { ...options, authenticate });
  const server = await createHttpServer({
    ...given,
    name: 'hub-service',
    version: '0',
    description: 'Chat alone.',
    domain: 'chat',
    routes: chat.routes,
    errors: chat.errors,
    authenticate,
  });
  await chat.start();
  const port = await server.listen({ host: '127.0.0.1', port: options.port ?? 0 });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    chat,
    db,
    server,
    metrics,
    stop: async () => {
      await server.close();
      await chat.stop();
      await db.close();
    },
  };
}

export interface TestChat extends ChatServer {
  readonly databaseUrl: string;
  /** A second process on the same database, as far as one process can play it. */
  another(options?: Omit<ServerOptions, 'databaseUrl'>): Promise<ChatServer>;
  request<S extends TSchema>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    options?: { as?: string; body?: object; headers?: Record<string, string> },
  ): Promise<{ status: number; body: Static<S>; headers: Record<string, unknown> }>;
  /** Closed with the rest. */
  client(as: string, options?: Partial<ChatClientOptions>): ChatClient;
  close(): Promise<void>;
}

/** Chat on a database of its own. */
export async function openChat(options: Omit<ServerOptions, 'databaseUrl'> = {}): Promise<TestChat> {
  const database = await createTestDatabase([auditMigrations, chatMigrations]);
  const first = await startChatServer({ ...options, databaseUrl: database.url });
  const servers = [first];
  const clients: ChatClient[] = [];
  return {
    ...first,
    databaseUrl: database.url,
    another: async (more = {}) => {
      const server = await startChatServer({ ...options, ...more, databaseUrl: database.url });
      servers.push(server);
      return server;
    },
    request: async (method, path, { as = 'ada/scientist', body, headers = {} } = {}) => {
      const response = await first.server.app.inject({
        method,
        url: path,
        headers: { ...(as ? { authorization: `Bearer ${as}` } : {}), ...headers },
        ...(body ? { payload: body } : {}),
      });
      return { status: response.statusCode, body: response.json(), headers: response.headers };
    },
    client: (as, more = {}) => {
      const client = connectChat({
        url: first.url,
        headers: { authorization: `Bearer ${as}` },
        onChanges: () => {},
        ...more,
      });
      clients.push(client);
      return client;
    },
    close: async () => {
      for (const client of clients) client.close();
      for (const server of servers) await server.stop();
      await database.drop();
    },
  };
}
