/**
 * Every route of every service, from its own reference: whatever is sent, the answer comes soon, is no 5xx, and tells nothing of the inside.
 * `FUZZ_SEED` repeats a run; `FUZZ_RUNS` (requests for each route) and `FUZZ_SECONDS` (for each service) make it longer.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { commonErrors } from '@labwright/kernel/errors';
import { createHttpServer, type HttpServer } from '@labwright/kernel/http';
import { silentLog } from '@labwright/kernel/log';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createTestDatabase } from '@labwright/kernel/testing';
import fc from 'fast-check';
import Type from 'typebox';
import { openLab, type TestLab } from './testing/lab.ts';
import { inFull, type Operation, type Request, requestsOf } from './testing/requests.ts';

const seed = Number(process.env.FUZZ_SEED) || Date.now() % 2 ** 31;
const runs = Number(process.env.FUZZ_RUNS) || 60;
/** For one service. */
const budgetMs = (Number(process.env.FUZZ_SECONDS) || 40) * 1_000;
/** For one answer; none of them is asked to wait. */
const patienceMs = 5_000;

let lab: TestLab;
/** Ids that something has: they lead further in than those of nothing. */
const known = ['liquid-handler-1', 'SAMPLE001', 'PLATE-1', 'lab', '00000000-0000-4000-8000-000000000000'];

before(async () => {
  console.log(`FUZZ_SEED=${seed} FUZZ_RUNS=${runs}`);
  lab = await openLab();
  const [, workflows] = lab.services;
  for (const device of ['liquid-handler-1', 'incubator-1']) {
    const answer = await workflows?.server.app.inject({
      method: 'POST',
      url: '/workflows',
      payload: {
        name: 'fuzzed',
        device_id: device,
        sample_barcodes: ['SAMPLE001'],
        steps: ['pipette_transfer'],
      },
    });
    if (answer?.statusCode === 201) known.push(answer.json().id);
  }
});
after(() => lab.close());

/** What only a fault shows: a stack, a path of ours, an SQL statement, an inner error. */
const inside =
  /\bat [\w.<>]+ \(|\.ts:\d+|node_modules|node:internal|file:\/\/|SQLSTATE|syntax error at or near|violates .* constraint|TypeError|RangeError/;

async function tryOut(server: HttpServer, request: Request): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
  });
  const answer = await Promise.race([
    server.app.inject({ ...request, method: request.method as 'GET' }),
    late,
  ]).finally(() => clearTimeout(timer));
  const { statusCode, headers, body } = answer;
  // A slow machine may fall behind; that is told so, and is no fault of the route.
  const busy =
    statusCode === 503 && answer.json().code === 'overloaded' && headers['retry-after'] !== undefined;
  assert.ok(statusCode < 500 || busy, `${statusCode}: ${body.slice(0, 500)}`);
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['x-injected'], undefined);
  // What an answer says in its own words; what was sent may come back in it.
  if (statusCode >= 400) {
    assert.match(String(headers['content-type']), /^application\/problem\+json/);
    const problem = answer.json();
    assert.equal(problem.status, statusCode);
    assert.match(problem.code, /^[a-z0-9_]+$/);
    const sent = decodeURIComponent(request.url.replaceAll('%ed%a0%80', '')) + (request.payload ?? '');
    const found = inside.exec(problem.detail)?.[0];
    if (found) assert.ok(sent.includes(found), `tells of the inside: ${problem.detail.slice(0, 300)}`);
  }
  return statusCode;
}

/** Requests for each route of a server; how often it answered with what. */
async function fuzz(server: HttpServer): Promise<Map<number, number>> {
  const { paths } = inFull((await server.app.inject('/openapi.json')).json());
  const operations = Object.entries(paths as Record<string, Record<string, Operation>>).flatMap(
    ([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
  const until = Date.now() + budgetMs;
  const statuses = new Map<number, number>();
  for (const [index, { method, path, operation }] of operations.entries()) {
    // Its share of what is left: on a slow machine each route is tried less often, and none is left out.
    const share = Math.max((until - Date.now()) / (operations.length - index), patienceMs);
    await fc.assert(
      fc.asyncProperty(requestsOf(method, path, operation, known), async (request) => {
        const status = await tryOut(server, request);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }),
      { seed, numRuns: runs, endOnFailure: true, interruptAfterTimeLimit: share },
    );
  }
  return statuses;
}

for (const index of [0, 1, 2])
  test(`${['device-service', 'workflow-service', 'hub-service'][index]} takes whatever is sent`, async () => {
    const service = lab.services[index];
    assert.ok(service);
    const statuses = await fuzz(service.server);
    console.log(service.name, Object.fromEntries([...statuses].sort(([a], [b]) => a - b)));
    // Requests that are refused at the door alone would find nothing.
    assert.ok((statuses.get(200) ?? 0) > 20, 'hardly any request was carried out');
    assert.ok((statuses.get(400) ?? 0) > 20, 'hardly any request was wrong');
  });

test('a route that fails, hangs, or tells of the inside is found', async () => {
  const database = await createTestDatabase([]);
  const faults: Record<string, (given: { name?: string }) => unknown> = {
    fails: ({ name = '' }) => ({ length: (name.length > 20 ? (null as unknown as string) : name).length }),
    hangs: () => new Promise(() => {}),
    tells: ({ name = '' }) => {
      if (name.length > 10) throw commonErrors.problem('forbidden', new Error('inner').stack ?? '');
      return {};
    },
  };
  for (const [fault, handler] of Object.entries(faults)) {
    const server = await createHttpServer({
      name: fault,
      version: '1',
      description: '',
      log: silentLog,
      db: database.db,
      metrics: createMetrics(fault),
      errors: [],
      routes: (app) => {
        const body = Type.Object({ name: Type.Optional(Type.String({ maxLength: 60 })) });
        app.post('/planted', { schema: { body } }, ({ body }) => handler(body));
      },
    });
    await assert.rejects(fuzz(server), (error) => {
      assert.match(
        String((error as Error).cause ?? error),
        /500|no answer within|tells of the inside/,
        fault,
      );
      return true;
    });
    await server.close();
  }
  await database.drop();
});
