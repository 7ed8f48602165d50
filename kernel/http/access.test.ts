import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Type from 'typebox';
import { commonErrors } from '../errors.ts';
import { type Authenticate, currentPrincipal, isLoopback, type Principal, type Role } from '../identity.ts';
import { silentLog } from '../log.ts';
import { createMetrics } from '../telemetry.ts';
import { createTestDatabase, type TestDatabase } from '../testing/index.ts';
import { createHttpServer, type HttpServer, type Routes } from './index.ts';

const routes: Routes = (app) => {
  const who = () => ({ id: currentPrincipal().id });
  app.get('/silent', who);
  app.post('/silent', who);
  app.get('/open', { config: { access: 'public' } }, (request) => ({ id: request.principal?.id ?? null }));
  app.post('/sign-in', { config: { access: 'public' } }, () => ({}));
  app.post('/work', { config: { access: 'scientist' } }, (request) => ({ id: request.actionId }));
  app.post('/check', { config: { access: 'viewer', scope: 'things:read' } }, who);
  app.post('/whoever', { config: { access: 'viewer', scope: null } }, who);
  app.post('/papers', { config: { access: 'viewer', domain: 'papers' } }, who);
  app.post('/secret', { config: { access: 'viewer', secretAnswer: true } }, (request) => ({
    id: request.actionId,
  }));
  app.post(
    '/described',
    { config: { access: 'operator' }, schema: { body: Type.Object({ a: Type.String() }) } },
    () => ({}),
  );
};

/** `Authorization: Bearer role`, or `role scope scope`; `cookie: role` as a browser has it; nothing: nobody. */
const authenticate: Authenticate = async ({ headers }) => {
  const said = headers.authorization?.slice(7) ?? headers.cookie;
  if (said === undefined) return undefined;
  if (said === 'broken') throw commonErrors.problem('unauthenticated', 'This token is not valid.');
  const [role, ...scopes] = String(said).split(' ');
  const [name = '', level = name] = String(role).split(':');
  return {
    id: name,
    kind: 'user',
    name,
    role: level as Role,
    scopes: scopes.length > 0 ? scopes : null,
  } satisfies Principal;
};

let database: TestDatabase;
let server: HttpServer;
let home: HttpServer;
before(async () => {
  database = await createTestDatabase([]);
  const options = {
    name: 'test-service',
    version: '1',
    description: '',
    log: silentLog,
    db: database.db,
    metrics: createMetrics('test-service'),
    routes,
    errors: [],
    domain: 'things',
  };
  server = await createHttpServer({ ...options, authenticate });
  home = await createHttpServer({ ...options, metrics: createMetrics('home') });
});
after(async () => {
  await server.close();
  await home.close();
  await database.drop();
});

const ask = async (
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  headers: Record<string, string> = {},
  where = server,
) => {
  const answer = await where.app.inject({ method, url, headers });
  return {
    status: answer.statusCode,
    code: answer.json().code,
    body: answer.json(),
    headers: answer.headers,
  };
};
const bearer = (said: string) => ({ authorization: `Bearer ${said}` });

test('a body that nobody will read does not keep its connection', async () => {
  const large = { 'content-type': 'application/json', 'content-length': '900000' };
  assert.equal((await ask('POST', '/work', large)).headers.connection, 'close');
  assert.notEqual((await ask('POST', '/work')).headers.connection, 'close');
});

test('401 for nobody, with how to become somebody; 403 below the role; the rest passes', async () => {
  const nobody = await ask('POST', '/work');
  assert.deepEqual([nobody.status, nobody.code], [401, 'unauthenticated']);
  assert.match(String(nobody.headers['www-authenticate']), /^Bearer realm=/);
  const broken = await ask('POST', '/work', bearer('broken'));
  assert.match(String(broken.headers['www-authenticate']), /error="invalid_token"/);
  const low = await ask('POST', '/work', bearer('viewer'));
  assert.deepEqual([low.status, low.code], [403, 'forbidden']);
  assert.match(low.body.detail, /viewer is viewer; this needs the role scientist/);
  for (const role of ['scientist', 'operator', 'admin'])
    assert.equal((await ask('POST', '/work', bearer(role))).status, 200);
});

test('a route that says nothing is for viewers to read and for nobody but admin to change', async () => {
  assert.equal((await ask('GET', '/silent')).status, 401);
  assert.equal((await ask('GET', '/silent', bearer('viewer'))).body.id, 'viewer');
  assert.equal((await ask('POST', '/silent', bearer('operator'))).status, 403);
  assert.equal((await ask('POST', '/silent', bearer('admin'))).status, 200);
});

test('what does not exist is told to those who are known only', async () => {
  assert.equal((await ask('GET', '/nowhere')).status, 401);
  assert.equal((await ask('DELETE', '/nowhere', bearer('viewer'))).status, 404);
});

test('public routes serve nobody, whoever is known, and whoever shows something invalid', async () => {
  assert.equal((await ask('GET', '/open')).body.id, null);
  assert.equal((await ask('GET', '/open', bearer('viewer'))).body.id, 'viewer');
  assert.equal((await ask('GET', '/open', bearer('broken'))).body.id, null);
  for (const url of ['/health', '/ready', '/openapi.json']) assert.equal((await ask('GET', url)).status, 200);
  assert.equal((await server.app.inject('/docs')).statusCode, 200);
});

test('a token with scopes may do what they name: by domain and method, or as the route says', async () => {
  const status = async (method: 'GET' | 'POST', url: string, scopes: string) =>
    (await ask(method, url, bearer(`admin ${scopes}`))).status;
  assert.equal(await status('GET', '/silent', 'things:read'), 200);
  assert.equal(await status('GET', '/silent', 'things:write'), 200);
  assert.equal(await status('GET', '/silent', 'papers:write'), 403);
  assert.equal(await status('POST', '/work', 'things:read'), 403);
  assert.equal(await status('POST', '/work', 'things:write'), 200);
  assert.equal(await status('POST', '/check', 'things:read'), 200);
  assert.equal(await status('POST', '/papers', 'things:write'), 403);
  assert.equal(await status('POST', '/papers', 'papers:write'), 200);
  assert.equal(await status('POST', '/whoever', 'other:read'), 200);
  const refused = await ask('POST', '/work', bearer('admin things:read'));
  assert.match(String(refused.headers['www-authenticate']), /insufficient_scope", scope="things:write"/);
  // Scopes narrow a role, they never widen it.
  assert.equal((await ask('POST', '/work', bearer('viewer things:write'))).status, 403);
});

test('a page of another site makes no request in the name of who is signed in', async () => {
  const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  const cookie = { cookie: 'admin', host: 'lab.example' };
  for (const headers of [
    evil,
    { origin: 'null' },
    { origin: 'https://evil.example' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    { 'sec-fetch-site': 'same-site', origin: 'https://other.lab.example' },
    { origin: 'https://lab.example.evil.example' },
    { origin: 'https://lab.example:444' },
  ]) {
    const answer = await ask('POST', '/work', { ...cookie, ...headers } as Record<string, string>);
    assert.deepEqual([answer.status, answer.code], [403, 'cross_site_request'], JSON.stringify(headers));
  }
  // Signing in as somebody else, from elsewhere, is refused too; reading what is public is not.
  assert.equal((await ask('POST', '/sign-in', evil)).status, 403);
  assert.equal((await ask('GET', '/open', evil)).status, 200);
  assert.equal((await ask('GET', '/silent', { ...cookie, ...evil })).status, 403);
});

test('the page itself, a link that is followed, and programs are let through', async () => {
  const cookie = { cookie: 'admin', host: 'lab.example' };
  for (const headers of [
    {},
    { 'sec-fetch-site': 'same-origin', origin: 'https://lab.example' },
    { 'sec-fetch-site': 'none' },
    { origin: 'http://lab.example' },
  ])
    assert.equal(
      (await ask('POST', '/work', { ...cookie, ...headers } as Record<string, string>)).status,
      200,
    );
  const link = { ...cookie, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
  assert.equal((await ask('GET', '/silent', link)).status, 200);
  // A WebSocket begins like a link, and its answers could be read.
  assert.equal((await ask('GET', '/silent', { ...link, upgrade: 'websocket' })).status, 403);
  const token = { ...bearer('admin'), origin: 'https://app.example', 'sec-fetch-site': 'cross-site' };
  assert.equal((await ask('POST', '/work', token)).status, 200);
});

test('without accounts this machine is trusted: not a name that was pointed at it, not a proxy, not a page', async () => {
  const local = (headers: Record<string, string>) => ask('POST', '/silent', headers, home);
  for (const host of ['localhost:5001', '127.0.0.1:5001', '[::1]:5001', 'lab.localhost', 'LOCALHOST'])
    assert.deepEqual((await local({ host })).body, { id: 'local' }, host);
  for (const host of ['evil.example', 'localhost.evil.example', '10.0.0.5:5001', '127.0.0.1.evil.example'])
    assert.deepEqual(
      [(await local({ host })).status, (await local({ host })).code],
      [403, 'forbidden'],
      host,
    );
  for (const name of ['x-forwarded-for', 'forwarded', 'via', 'x-real-ip'])
    assert.equal((await local({ host: 'localhost', [name]: '203.0.113.7' })).status, 403, name);
  const page = { host: 'localhost:5001', origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' };
  assert.equal((await local(page)).code, 'cross_site_request');
  const remote = await home.app.inject({ url: '/silent', remoteAddress: '192.168.1.9' });
  assert.equal(remote.statusCode, 403);
});

test('loopback is what only this machine reaches', () => {
  for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost', '::ffff:127.0.0.1'])
    assert.equal(isLoopback(host), true, host);
  for (const host of ['0.0.0.0', '::', '192.168.1.7', 'lab.example', '127.0.0.1.example', '', '1127.0.0.1'])
    assert.equal(isLoopback(host), false, host);
});

test('one idempotency key of two people is two keys', async () => {
  const key = { 'idempotency-key': 'shared' };
  const ada = await ask('POST', '/work', { ...bearer('ada:scientist'), ...key });
  const bob = await ask('POST', '/work', { ...bearer('bob:scientist'), ...key });
  const again = await ask('POST', '/work', { ...bearer('ada:scientist'), ...key });
  assert.notEqual(ada.body.id, bob.body.id);
  assert.equal(bob.headers['idempotency-replayed'], undefined);
  assert.deepEqual([again.body.id, again.headers['idempotency-replayed']], [ada.body.id, 'true']);
});

test('what is secret, and what nobody asked for, is not kept', async () => {
  const key = { 'idempotency-key': 'once' };
  const first = await ask('POST', '/secret', { ...bearer('ada:viewer'), ...key });
  const second = await ask('POST', '/secret', { ...bearer('ada:viewer'), ...key });
  assert.notEqual(first.body.id, second.body.id);
  await ask('POST', '/sign-in', key);
  assert.equal((await ask('POST', '/sign-in', key)).headers['idempotency-replayed'], undefined);
});

test('OpenAPI says of each route who may', async () => {
  const { paths, components } = (await server.app.inject('/openapi.json')).json();
  assert.deepEqual(Object.keys(components.securitySchemes), ['bearer', 'cookie']);
  assert.deepEqual(paths['/described'].post.security, [
    { bearer: ['operator', 'things:write'] },
    { cookie: ['operator'] },
  ]);
  assert.deepEqual(paths['/whoever'].post.security[0], { bearer: ['viewer'] });
  assert.deepEqual(paths['/sign-in'].post.security, []);
  assert.deepEqual(paths['/health'].get.security, []);
});

test('every answer carries the headers that keep browsers from harm; the reference page still has its scripts', async () => {
  for (const [url, headers] of [
    ['/open', {}],
    ['/nowhere', {}],
    ['/silent', bearer('viewer')],
    ['/health', {}],
  ] as const) {
    const answer = await server.app.inject({ url, headers });
    assert.equal(answer.headers['x-content-type-options'], 'nosniff', url);
    assert.match(
      String(answer.headers['content-security-policy']),
      /^default-src 'none'.*frame-ancestors 'none'/,
    );
    assert.equal(answer.headers['referrer-policy'], 'no-referrer');
    assert.equal(answer.headers['cache-control'], 'no-store');
  }
  const page = await server.app.inject('/docs');
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /script-src 'self';.*frame-ancestors 'none'/);
  // What the policy forbids must not be on the page: scripts in it, or from elsewhere.
  const scripts = [...page.body.matchAll(/<script([^>]*)>([^<]*)<\/script>/g)];
  assert.ok(scripts.length >= 3);
  for (const [, attributes = '', text = ''] of scripts) {
    const source = /src="([^"]+)"/.exec(attributes)?.[1] ?? '';
    assert.equal(text.trim(), '');
    assert.match(source, /^\.?\/docs\/static\//);
    assert.equal((await server.app.inject(source)).statusCode, 200, source);
  }
});

test('what a browser adds to Authorization by itself vouches for nothing: such a page of another site is refused', async () => {
  const page = {
    origin: 'https://elsewhere.example',
    host: 'localhost:5000',
    'sec-fetch-site': 'cross-site',
  };
  const basic = { ...page, authorization: `Basic ${Buffer.from('a:b').toString('base64')}` };
  assert.equal((await ask('POST', '/work', basic, home)).code, 'cross_site_request');
  assert.equal((await ask('POST', '/work', { ...page, ...bearer('admin') })).status, 200);
});
