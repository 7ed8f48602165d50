import { randomBytes } from 'node:crypto';
import { auditMigrations } from '@labwright/audit';
import type { ApiToken, Session, User } from '@labwright/contract-hub/accounts';
import type { Revocation } from '@labwright/contract-hub/identity';
import { checkIdentity } from '@labwright/contract-hub/identity/check-identity';
import { type Clock, systemClock } from '@labwright/kernel/clock';
import { createHttpServer, type HttpServer } from '@labwright/kernel/http';
import type { Authenticate, Role } from '@labwright/kernel/identity';
import { type Log, silentLog } from '@labwright/kernel/log';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import type { Static } from 'typebox';
import { type Accounts, accountsMigrations, createAccounts } from '../index.ts';

/** What an answer holds, as far as tests look. */
export interface Body extends User {
  status: string;
  code: string;
  detail: string;
  error: string;
  user: User;
  users: User[];
  invitation: { token: string; expires_at: string } | null;
  access_token: string;
  refresh_token: string;
  session_id: string;
  expires_at: string;
  challenge: string;
  sessions: Static<typeof Session>[];
  api_token: ApiToken;
  api_tokens: ApiToken[];
  token: string;
  next_cursor: string | null;
  secret: string;
  url: string;
  recovery_codes: string[];
  revocations: Revocation[];
  next: number;
  keys: { kid: string; x: string }[];
  holder: { role: Role; scopes: string[] | null } | null;
  needed: boolean;
  statement: string;
}

export interface Answer {
  status: number;
  body: Body;
  headers: Record<string, unknown>;
  cookies: { name: string; value: string; line: string }[];
}

export interface Signed {
  id: string;
  email: string;
  access: string;
  refresh: string;
  session: string;
}

/** The accounts on a database of their own, and who asks is checked as everywhere. */
export interface Office {
  readonly database: TestDatabase;
  readonly accounts: Accounts;
  readonly server: HttpServer;
  readonly authenticate: Authenticate;
  readonly secretKey: Buffer;
  ask(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    options?: { body?: unknown; token?: string; headers?: Record<string, string>; from?: string },
  ): Promise<Answer>;
  /** Somebody with an account, signed in. */
  person(role: Role, name?: string): Promise<Signed>;
  signIn(email: string, password?: string): Promise<Answer>;
  /** Resolves when an access token is refused, which has to happen soon after its end. */
  refused(token: string): Promise<void>;
  stop(): Promise<void>;
}

export const password = 'a sentence that is long enough';
export const serviceToken = 'service-token-of-the-test-laboratory';

/** With `database`: another process of the same laboratory. */
export async function openOffice(
  options: { clock?: Clock; database?: TestDatabase; secretKey?: Buffer; log?: Log } = {},
): Promise<Office> {
  const { clock = systemClock, secretKey = randomBytes(32), log = silentLog } = options;
  const database = options.database ?? (await createTestDatabase([auditMigrations, accountsMigrations]));
  const given = { db: database.db, log, metrics: createMetrics('hub-service'), clock };
  const accounts = createAccounts(given, { secretKey, setup: null, signInsPerSecond: 1_000 });
  await accounts.start();
  const identity = checkIdentity({
    hub: accounts.identity,
    clock,
    log: silentLog,
    serviceTokens: [serviceToken],
    // A clock that a test moves by days must not make it believe that nobody was heard of meanwhile.
    awayMs: 1e12,
  });
  await identity.start();
  const server = await createHttpServer({
    ...given,
    name: 'hub-service',
    domain: 'accounts',
    version: '0',
    description: '',
    routes: accounts.routes,
    errors: accounts.errors,
    authenticate: identity.authenticate,
  });

  const ask: Office['ask'] = async (method, url, { body, token, headers = {}, from = '127.0.0.1' } = {}) => {
    const answer = await server.app.inject({
      method,
      url,
      remoteAddress: from,
      headers: {
        host: 'lab.example.org',
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: body as object }),
    });
    const lines = [answer.headers['set-cookie'] ?? []].flat();
    return {
      status: answer.statusCode,
      body: (answer.body === '' ? {} : answer.json()) as Body,
      headers: answer.headers,
      cookies: lines.map((line) => {
        const [pair = ''] = line.split(';', 1);
        return { name: pair.split('=')[0] ?? '', value: pair.slice(pair.indexOf('=') + 1), line };
      }),
    };
  };

  const signIn: Office['signIn'] = (email, given = password) =>
    ask('POST', '/session', { body: { email, password: given, deliver: 'body' } });

  const person: Office['person'] = async (role, name = role) => {
    const email = `${name}.${randomBytes(4).toString('hex')}@example.org`.toLowerCase();
    const admin = await administrator();
    const made = await ask('POST', '/users', { token: admin, body: { name, email, role } });
    if (made.status !== 201) throw new Error(`${made.status} ${made.body.detail}`);
    const { body, status } = await ask('POST', '/invitations/accept', {
      body: { token: made.body.invitation?.token, password, deliver: 'body' },
    });
    if (status !== 200) throw new Error(`${status} ${body.detail}`);
    return signedOf(body);
  };

  const administrator = async (): Promise<string> => {
    // Far ahead of the machine's clock, the sweep of a second process may take away a session that is not opened yet.
    for (let tries = 1; ; tries += 1) {
      const { status, body } = await signIn('root@example.org');
      if (status === 200) return body.access_token;
      try {
        return (await firstAdministrator()).access;
      } catch (error) {
        if (tries === 3 || !String(error).includes('409')) throw error;
      }
    }
  };

  const firstAdministrator = async () => {
    const { db } = database;
    await db.raw(`INSERT INTO setup (hash, created_at) VALUES (sha256('first'), now())
                  ON CONFLICT (one) DO UPDATE SET hash = excluded.hash`);
    const { body, status } = await ask('POST', '/setup', {
      body: { token: 'first', name: 'Root', email: 'root@example.org', password, deliver: 'body' },
    });
    if (status !== 201) throw new Error(`${status} ${body.detail}`);
    return signedOf(body);
  };

  return {
    database,
    accounts,
    server,
    authenticate: identity.authenticate,
    secretKey,
    ask,
    signIn,
    person,
    refused: (token) =>
      eventually('the access token is refused', async () =>
        (await ask('GET', '/me', { token })).status === 401 ? true : undefined,
      ).then(() => {}),
    stop: async () => {
      await server.close();
      await identity.stop();
      await accounts.stop();
      if (!options.database) await database.drop();
    },
  };
}

const signedOf = (body: Body): Signed => ({
  id: body.user.id,
  email: body.user.email,
  access: body.access_token,
  refresh: body.refresh_token,
  session: body.session_id,
});
