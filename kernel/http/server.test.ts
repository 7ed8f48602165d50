import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import Type from 'typebox';
import { contextHeaders } from '../context.ts';
import { commonErrors, errorCatalogue } from '../errors.ts';
import { createLog, silentLog } from '../log.ts';
import { createMetrics } from '../telemetry.ts';
import { createTestDatabase, type TestDatabase } from '../testing/index.ts';
import { answers, createHttpServer, type HttpServer, type Routes } from './index.ts';

const errors = errorCatalogue({
  tea_pot: { status: 418, title: 'A tea pot', remedy: 'Ask for tea.' },
});

let made = 0;
let hold: Promise<void> = Promise.resolve();

const routes: Routes = (app) => {
  const body = Type.Object(
    { name: Type.String({ minLength: 2 }), count: Type.Optional(Type.Integer({ minimum: 1 })) },
    { additionalProperties: false },
  );
  const Thing = Type.Object({ id: Type.String(), name: Type.String() });
  app.post('/things', { schema: { body, response: answers({ 201: Thing }) } }, async (request, reply) => {
    made += 1;
    await hold;
    reply.code(201).header('location', `/things/${request.actionId}`);
    return { id: request.actionId, name: request.body.name, secret: 'is not in the schema' };
  });
  app.post('/brew', { schema: { response: answers({ 200: Thing }) } }, () => {
    throw errors.problem('tea_pot', 'No coffee here.', { extra: { holder: 'tea' }, retryAfter: 3 });
  });
  app.post(
    '/pour',
    {
      config: { bodyOptional: true },
      schema: { body: Type.Object({ warm: Type.Optional(Type.Boolean()) }) },
    },
    () => ({}),
  );
  app.post('/crash', () => {
    throw new Error('the password is 1234');
  });
  app.get('/headers', () => contextHeaders());
};

let database: TestDatabase;
let server: HttpServer;
const start = (more: { maxInFlight?: number; maxEventLoopDelay?: number; bodyTimeout?: number } = {}) =>
  createHttpServer({
    name: 'test-service',
    version: '1.2.3',
    description: 'For tests.',
    log: silentLog,
    db: database.db,
    metrics: createMetrics('test-service'),
    routes,
    // As where one service passes the errors of another one on.
    errors: [errors, commonErrors],
    ...more,
  });

before(async () => {
  database = await createTestDatabase([]);
  server = await start();
});
after(async () => {
  await server.close();
  await database.drop();
});

const post = (url: string, payload?: unknown, headers: Record<string, string> = {}) =>
  server.app.inject({
    method: 'POST',
    url,
    headers,
    ...(payload === undefined ? {} : { payload: payload as object }),
  });

test('an answer holds what its schema names and nothing else', async () => {
  const answer = await post('/things', { name: 'pipette' });
  assert.equal(answer.statusCode, 201);
  assert.deepEqual(Object.keys(answer.json()), ['id', 'name']);
});

test('400: every fault with its path, unknown members included', async () => {
  const answer = await post('/things', { name: 'x', count: '1', nmae: 'y' });
  assert.equal(answer.statusCode, 400);
  assert.match(answer.headers['content-type'] as string, /^application\/problem\+json/);
  const problem = answer.json();
  assert.equal(problem.code, 'validation_failed');
  assert.deepEqual(problem.faults.map((fault: { path: string }) => fault.path).sort(), [
    'body.count',
    'body.name',
    'body.nmae',
  ]);
  assert.equal(problem.error, problem.detail);
});

test('400 for what is not JSON, 415 for another type, 413 for too much, 404 elsewhere', async () => {
  const json = { 'content-type': 'application/json' };
  const bad = await server.app.inject({
    method: 'POST',
    url: '/things',
    headers: json,
    payload: '{"name": ',
  });
  assert.deepEqual([bad.statusCode, bad.json().code], [400, 'malformed_json']);
  const form = await server.app.inject({
    method: 'POST',
    url: '/things',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'name=x',
  });
  assert.deepEqual([form.statusCode, form.json().code], [415, 'unsupported_media_type']);
  const large = await post('/things', { name: 'x'.repeat(1_100_000) });
  assert.deepEqual([large.statusCode, large.json().code], [413, 'payload_too_large']);
  const nowhere = await post('/nowhere');
  assert.deepEqual([nowhere.statusCode, nowhere.json().code], [404, 'route_not_found']);
});

test('a problem keeps its code, its extra members and its Retry-After, with and without a body', async () => {
  for (const headers of [{}, { 'content-type': 'application/json' }]) {
    const answer = await post('/brew', undefined, headers);
    assert.equal(answer.statusCode, 418);
    assert.equal(answer.headers['retry-after'], '3');
    const { request_id, ...problem } = answer.json();
    assert.ok(request_id);
    assert.deepEqual(problem, {
      type: 'urn:labwright:problem:tea_pot',
      title: 'A tea pot',
      status: 418,
      detail: 'No coffee here.',
      code: 'tea_pot',
      error: 'No coffee here.',
      holder: 'tea',
    });
  }
});

test('500 tells nothing of the inside', async () => {
  const answer = await post('/crash');
  assert.equal(answer.statusCode, 500);
  assert.doesNotMatch(answer.body, /1234|server\.test/);
});

test('the same key and request: the same answer, done once; another request: 422', async () => {
  const headers = { 'idempotency-key': 'k-1' };
  const before = made;
  const first = await post('/things', { name: 'one', count: 1 }, headers);
  const again = await post('/things', { count: 1, name: 'one' }, headers);
  assert.equal(made, before + 1);
  assert.equal(again.statusCode, 201);
  assert.equal(again.headers['idempotency-replayed'], 'true');
  assert.equal(again.body, first.body);
  assert.equal(again.headers.location, first.headers.location);
  assert.match(String(again.headers.location), /^\/things\/[0-9a-f-]{36}$/);
  const other = await post('/things', { name: 'two' }, headers);
  assert.deepEqual([other.statusCode, other.json().code], [422, 'idempotency_key_reused']);
  const elsewhere = await post('/brew', undefined, headers);
  assert.equal(elsewhere.statusCode, 422);
});

test('two at once with one key: one is done, the other is told to wait', async () => {
  const headers = { 'idempotency-key': 'k-2' };
  let release = () => {};
  hold = new Promise((resolve) => {
    release = resolve;
  });
  const before = made;
  const first = post('/things', { name: 'slow' }, headers);
  first.catch(() => {});
  while (made === before) await new Promise((resolve) => setImmediate(resolve));
  const second = await post('/things', { name: 'slow' }, headers);
  assert.deepEqual([second.statusCode, second.json().code], [409, 'idempotency_in_progress']);
  assert.equal(second.headers['retry-after'], '1');
  release();
  assert.equal((await first).statusCode, 201);
  assert.equal((await post('/things', { name: 'slow' }, headers)).headers['idempotency-replayed'], 'true');
});

test('an answer that asks to try again is not kept; a key that is not one is refused', async () => {
  const headers = { 'idempotency-key': 'k-3' };
  assert.equal((await post('/crash', undefined, headers)).statusCode, 500);
  assert.equal((await post('/crash', undefined, headers)).headers['idempotency-replayed'], undefined);
  const later = { 'idempotency-key': 'k-4' };
  assert.equal((await post('/brew', undefined, later)).headers['retry-after'], '3');
  assert.equal((await post('/brew', undefined, later)).headers['idempotency-replayed'], undefined);
  assert.equal((await post('/things', { name: 'ab' }, { 'idempotency-key': 'ä' })).statusCode, 400);
});

test('/health, /ready, /metrics, /openapi.json and /docs', async () => {
  const get = (url: string) => server.app.inject({ method: 'GET', url });
  assert.equal((await get('/health')).body, '{"status":"healthy"}');
  assert.deepEqual((await get('/ready')).json(), { status: 'ready', checks: { database: 'ok' } });
  assert.match((await get('/metrics')).body, /http_request_duration_seconds_count\{.*route="\/things"/);
  const openapi = (await get('/openapi.json')).json();
  assert.equal(openapi.openapi, '3.1.0');
  const { parameters, requestBody, responses } = openapi.paths['/things'].post;
  assert.deepEqual(Object.keys(responses['4XX'].content), ['application/problem+json']);
  assert.equal(responses['201'].description, 'Made.');
  assert.equal(parameters[0].name, 'Idempotency-Key');
  assert.deepEqual([requestBody.required, openapi.paths['/pour'].post.requestBody.required], [true, false]);
  assert.equal(openapi.info.description.match(/`overloaded`/g).length, 1);
  assert.equal((await get('/')).headers.location, '/docs');
  assert.match(openapi.info.description, /`tea_pot` \| 418/);
  assert.match((await get('/docs')).body, /swagger/i);
});

test('the request id and the trace go on to the next service', async () => {
  const trace = 'a'.repeat(32);
  const answer = await server.app.inject({
    method: 'GET',
    url: '/headers',
    headers: { 'x-request-id': 'req-7', traceparent: `00-${trace}-${'b'.repeat(16)}-01` },
  });
  assert.equal(answer.headers['x-request-id'], 'req-7');
  assert.equal(answer.json()['x-request-id'], 'req-7');
  assert.match(answer.json().traceparent, new RegExp(`^00-${trace}-(?!b{16})[0-9a-f]{16}-01$`));
});

test('log lines carry the request id and no secrets', async () => {
  const lines: string[] = [];
  const log = createLog({ service: 'x' }, { write: (line) => void lines.push(line) });
  const own = await createHttpServer({
    name: 'x',
    version: '1',
    description: '',
    log,
    db: database.db,
    metrics: createMetrics('x'),
    routes,
    errors: [],
  });
  await own.app.inject({
    method: 'GET',
    url: '/headers',
    headers: { 'x-request-id': 'r-1', authorization: 'secret' },
  });
  await own.close();
  const line = lines.map((text) => JSON.parse(text)).find((entry) => entry.msg === 'request');
  assert.deepEqual([line.request_id, line.reqId], ['r-1', undefined]);
  assert.equal(line.status, 200);
  assert.doesNotMatch(lines.join(''), /secret/);
});

test('503 with Retry-After while too much is in hand; the probes go on', async () => {
  const small = await start({ maxInFlight: 2 });
  const port = await small.listen({ host: '127.0.0.1', port: 0 });
  let release = () => {};
  hold = new Promise((resolve) => {
    release = resolve;
  });
  const url = `http://127.0.0.1:${port}`;
  const before = made;
  const slow = [1, 2].map(() =>
    fetch(`${url}/things`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"held"}',
    }),
  );
  while (made < before + 2) await new Promise((resolve) => setImmediate(resolve));
  const refused = await fetch(`${url}/headers`);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('retry-after'), '1');
  assert.equal(((await refused.json()) as { code: string }).code, 'overloaded');
  assert.equal((await fetch(`${url}/health`)).status, 200);
  release();
  for (const answer of await Promise.all(slow)) assert.equal(answer.status, 201);
  assert.equal((await fetch(`${url}/headers`)).status, 200);
  await small.close();
  await assert.rejects(fetch(`${url}/headers`));
});

test('closing waits for what is in hand, and for no connection that asks nothing', async () => {
  const own = await start();
  const port = await own.listen({ host: '127.0.0.1', port: 0 });
  let release = () => {};
  hold = new Promise((resolve) => {
    release = resolve;
  });
  const before = made;
  const ask = 'POST /things HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
  const open = async (sent: string) => {
    const socket = connect(port, '127.0.0.1');
    let heard = '';
    socket.on('data', (data) => {
      heard += data;
    });
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(sent);
    return { heard: () => heard, closed: new Promise((resolve) => socket.once('close', resolve)) };
  };
  const silent = await open('');
  const halfway = await open(ask);
  const busy = await open(`${ask}Content-Length: 15\r\n\r\n{"name":"held"}`);
  while (made < before + 1) await new Promise((resolve) => setImmediate(resolve));
  const closed = own.close();
  await Promise.all([silent.closed, halfway.closed]);
  assert.equal(busy.heard(), '');
  release();
  await busy.closed;
  assert.match(busy.heard(), /^HTTP\/1.1 201 /);
  await closed;
});

test('408: a body that never comes is not waited for, and its connection ends', async () => {
  const impatient = await start({ bodyTimeout: 50 });
  const port = await impatient.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect(port, '127.0.0.1');
  let heard = '';
  socket.on('data', (data) => {
    heard += data;
  });
  socket.write(
    'POST /things HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{',
  );
  await once(socket, 'close');
  assert.match(heard, /^HTTP\/1.1 408 /);
  assert.match(heard, /"code":"request_timeout"/);
  await impatient.close();
});

test('400: half a character and JSON without a bottom, with an idempotency key too', async () => {
  const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
  for (const payload of ['{"name": "\\ud800"}', '{"\\udc00": 1}', deep]) {
    for (const more of [{}, { 'idempotency-key': `odd-${payload.length}` }]) {
      const headers = { 'content-type': 'application/json', ...more };
      const answer = await server.app.inject({ method: 'POST', url: '/things', headers, payload });
      assert.deepEqual([answer.statusCode, answer.json().code], [400, 'validation_failed']);
    }
  }
});

test('what is hardly HTTP is refused in the same form', async () => {
  const bad = await server.app.inject({ method: 'GET', url: '/things/%zz' });
  assert.equal(bad.statusCode, 400);
  assert.match(bad.headers['content-type'] as string, /^application\/problem\+json/);
  const own = await start();
  const port = await own.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect(port, '127.0.0.1');
  let heard = '';
  socket.on('data', (data) => {
    heard += data;
  });
  socket.write('NONSENSE\r\n\r\n');
  await once(socket, 'close');
  assert.match(
    heard,
    /^HTTP\/1.1 400 Bad Request\r\n.*application\/problem\+json.*"code":"unreadable_request"/s,
  );
  await own.close();
});

test('503 while the event loop lags behind, and only as long', async () => {
  const small = await start({ maxEventLoopDelay: 100 });
  await small.listen({ host: '127.0.0.1', port: 0 });
  const ask = () => small.app.inject({ method: 'GET', url: '/headers' });
  assert.equal((await ask()).statusCode, 200);
  const until = performance.now() + 1_200;
  while (performance.now() < until);
  const statuses = new Set<number>();
  while (!statuses.has(503)) {
    statuses.add((await ask()).statusCode);
    await new Promise((resolve) => setImmediate(resolve));
  }
  while ((await ask()).statusCode !== 200) await new Promise((resolve) => setImmediate(resolve));
  await small.close();
});

test('a database that is away: /ready says so, and a request gets 503', async () => {
  const { openDb } = await import('../db.ts');
  const away = openDb({ url: 'postgres://nobody@127.0.0.1:1/none', applicationName: 'test' });
  const lame = await createHttpServer({
    name: 'lame',
    version: '1',
    description: '',
    log: silentLog,
    db: away,
    metrics: createMetrics('lame'),
    routes,
    errors: [],
  });
  assert.equal((await lame.app.inject({ url: '/ready' })).statusCode, 503);
  assert.equal((await lame.app.inject({ url: '/health' })).statusCode, 200);
  const answer = await lame.app.inject({
    method: 'POST',
    url: '/things',
    headers: { 'idempotency-key': 'a' },
    payload: { name: 'ab' },
  });
  assert.deepEqual([answer.statusCode, answer.json().code], [503, 'database_unavailable']);
  await lame.close();
  await away.close();
});
