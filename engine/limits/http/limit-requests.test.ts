import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type ManualClock, manualClock } from '@labwright/kernel/clock';
import { ConfigError, readConfig } from '@labwright/kernel/config';
import { commonErrors } from '@labwright/kernel/errors';
import { createHttpServer } from '@labwright/kernel/http';
import type { Principal } from '@labwright/kernel/identity';
import { silentLog } from '@labwright/kernel/log';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import { memoryLimits } from '../stores/memory/index.ts';
import { type LimitedServer, startLimited } from '../testing/server.ts';
import { limitSettings, loadLimits } from './index.ts';

let database: TestDatabase;
let clock: ManualClock;
let limited: LimitedServer;
let down: boolean;

before(async () => {
  database = await createTestDatabase([]);
});
after(() => database.drop());
beforeEach(async () => {
  clock = manualClock();
  down = false;
  limited = await open('open');
});

function open(whenDown: 'open' | 'closed'): Promise<LimitedServer> {
  const store = memoryLimits({ clock });
  const take: typeof store.take = async (checks) => {
    if (down) throw new Error('away');
    return store.take(checks);
  };
  return startLimited({ database, store: { ...store, take }, clock, whenDown });
}

const statuses = async (count: number, ask: () => Promise<{ status: number }>) => {
  const seen: number[] = [];
  for (let turn = 0; turn < count; turn += 1) seen.push((await ask()).status);
  return seen;
};

test('429: a problem that says when, with the fields of the draft', async () => {
  const ask = () => limited.ask('GET', '/thing', { who: 'user:ada' });
  const first = await ask();
  assert.equal(first.status, 200);
  assert.equal(first.headers['ratelimit-policy'], '"read-principal";q=3;w=30, "read-address";q=6;w=30');
  assert.equal(first.headers.ratelimit, '"read-principal";r=2;t=10, "read-address";r=5;t=5');
  await ask();
  await ask();
  const refused = await ask();
  assert.equal(refused.status, 429);
  assert.match(String(refused.headers['content-type']), /application\/problem\+json/);
  assert.equal(refused.headers['retry-after'], '10');
  assert.equal(refused.headers.ratelimit, '"read-principal";r=0;t=10, "read-address";r=3;t=15');
  assert.equal(refused.body.code, 'too_many_requests');
  assert.deepEqual(refused.body['violated-policies'], ['read-principal']);
  assert.match(refused.body.detail, /read-principal: 3 within 30 s.*Wait 10 s/);
  assert.ok(refused.headers['x-request-id']);
  await clock.advance(9_999);
  assert.equal((await ask()).status, 429);
  await clock.advance(1);
  assert.equal((await ask()).status, 200);
});

test('each principal has a budget of its own, and an address one for all of them', async () => {
  const as = (who: string, from?: string) => () =>
    limited.ask('GET', '/thing', { who: `user:${who}`, ...(from ? { from } : {}) });
  assert.deepEqual(await statuses(4, as('ada')), [200, 200, 200, 429]);
  assert.deepEqual(await statuses(3, as('bob')), [200, 200, 200]);
  const crowded = await as('cleo')();
  assert.equal(crowded.status, 429);
  assert.deepEqual(crowded.body['violated-policies'], ['read-address']);
  assert.equal((await as('cleo', '192.0.2.2')()).status, 200);
  assert.equal((await as('ada', '192.0.2.2')()).status, 429, 'a principal is counted wherever it comes from');
});

test('nobody is counted by address; routes of another class and another method count apart', async () => {
  assert.deepEqual(await statuses(7, () => limited.ask('GET', '/open')), [200, 200, 200, 200, 200, 200, 429]);
  assert.deepEqual(
    await statuses(3, () => limited.ask('POST', '/thing', { who: 'user:ada' })),
    [200, 200, 429],
  );
  assert.deepEqual(await statuses(3, () => limited.ask('POST', '/sign-in')), [200, 200, 429]);
  assert.deepEqual(
    await statuses(3, () => limited.ask('GET', '/nowhere', { who: 'user:eve', from: '192.0.2.9' })),
    [404, 404, 404],
  );
  assert.equal((await limited.ask('GET', '/nowhere', { who: 'user:eve', from: '192.0.2.9' })).status, 429);
});

test('the local user, other services and probes are not counted', async () => {
  for (const who of ['local', 'service:workflows']) {
    const seen = await statuses(30, () => limited.ask('GET', '/thing', { who }));
    assert.ok(
      seen.every((status) => status === 200),
      who,
    );
  }
  const answer = await limited.ask('GET', '/thing', { who: 'local' });
  assert.equal(answer.headers.ratelimit, undefined);
  assert.deepEqual(new Set(await statuses(30, () => limited.ask('GET', '/health'))), new Set([200]));
});

test('loopback is the address of nobody in particular: who comes from there counts as a principal alone', async () => {
  const open = await statuses(30, () => limited.ask('GET', '/open', { from: '127.0.0.1' }));
  assert.ok(open.every((status) => status === 200));
  const signIns = await statuses(30, () => limited.ask('POST', '/sign-in', { from: '::1' }));
  assert.ok(signIns.every((status) => status === 200));
  const ada = () => limited.ask('GET', '/thing', { who: 'user:ada', from: '127.0.0.1' });
  assert.deepEqual(await statuses(4, ada), [200, 200, 200, 429]);
});

test('an address that shows too much that is invalid is turned away before anybody asks who it is', async () => {
  const wrong = (from?: string) => limited.ask('GET', '/thing', { who: 'wrong', ...(from ? { from } : {}) });
  const failing = async () => {
    const answer = await wrong();
    // It is counted once the answer is out.
    await new Promise((resolve) => setImmediate(resolve));
    return answer;
  };
  assert.deepEqual(await statuses(5, failing), [401, 401, 401, 401, 401]);
  const before = limited.authentications();
  const turnedAway = await failing();
  assert.equal(turnedAway.status, 429);
  assert.deepEqual(turnedAway.body['violated-policies'], ['failures']);
  assert.equal(limited.authentications(), before);
  assert.equal((await wrong('192.0.2.200')).status, 401, 'another address');
  assert.equal((await wrong('2001:db8::1')).status, 401);
  for (let turn = 0; turn < 9; turn += 1) assert.equal((await wrong('127.0.0.1')).status, 401);
});

test('the refusal of a request is not what its idempotency key is answered with later', async () => {
  const post = (key: string) =>
    limited.ask('POST', '/thing', { who: 'user:ada', headers: { 'idempotency-key': key } });
  assert.deepEqual(await statuses(2, () => post('first')), [200, 200]);
  assert.equal((await post('second')).status, 429);
  await clock.advance(120_000);
  const later = await post('second');
  assert.deepEqual([later.status, later.headers['idempotency-replayed']], [200, undefined]);
});

test('a store that is away: open lets pass what cannot be counted, closed refuses it', async () => {
  down = true;
  const passing = await limited.ask('GET', '/thing', { who: 'user:ada' });
  assert.equal(passing.status, 200);
  assert.ok(passing.headers['ratelimit-policy']);
  assert.equal(passing.headers.ratelimit, undefined);
  const closed = await open('closed');
  for (let turn = 0; turn < 5; turn += 1) {
    const refused = await closed.ask('GET', '/thing', { who: 'user:ada' });
    assert.deepEqual([refused.status, refused.body.code], [503, 'limits_unavailable']);
    assert.equal(refused.headers['retry-after'], '1');
  }
  assert.equal((await closed.ask('GET', '/health')).status, 200);
  assert.equal((await closed.ask('GET', '/thing', { who: 'local' })).status, 200);
  assert.match(await closed.metrics(), /limit_decisions_total\{.*class="read".*outcome="down".*\} 5/);
});

test('a route of a class that nobody has set a limit for does not start', async () => {
  const deps = { db: database.db, log: silentLog, metrics: createMetrics('x'), clock };
  const { guard } = (await loadLimits()).guard('x')(deps);
  await assert.rejects(
    createHttpServer({
      name: 'x',
      version: '0.0.0',
      description: 'x',
      ...deps,
      errors: [],
      guard,
      routes: (app) => {
        app.get('/x', { config: { limitClass: 'unheard-of' } }, () => ({}));
      },
    }),
    /\/x counts as "unheard-of"/,
  );
});

test('settings: what is wrong is said, each by its name', async () => {
  assert.throws(
    () => readConfig(limitSettings, { LIMITS_READ: 'many', LIMITS_STORE: 'disk', LIMITS_PEOPLE: '0' }),
    (error) =>
      error instanceof ConfigError &&
      ['LIMITS_READ must look like', 'LIMITS_STORE must be one of', 'LIMITS_PEOPLE must lie'].every((start) =>
        error.faults.some((fault) => fault.startsWith(start)),
      ),
  );
  const redis = readConfig(limitSettings, { LIMITS_STORE: 'redis' });
  await assert.rejects(loadLimits(redis), /LIMITS_REDIS_URL is required/);
});

test('nobody takes all places of a process: so many requests in hand, then 429, and one that ends makes room', async () => {
  const one = await startLimited({ database, store: memoryLimits({ clock }), clock, inHand: 2 });
  const waiting = () => one.ask('GET', '/wait', { who: 'user:eve' });
  const held = [waiting(), waiting()];
  await eventually('both wait', async () => one.held() === 2 || undefined);
  const refused = await waiting();
  assert.deepEqual([refused.status, refused.body.code], [429, 'too_many_requests']);
  assert.ok(refused.headers['retry-after']);
  // By address, where nobody is known; and everybody else goes on.
  const unknown = [one.ask('GET', '/wait-open'), one.ask('GET', '/wait-open')];
  await eventually('four wait', async () => one.held() === 4 || undefined);
  assert.equal((await one.ask('GET', '/wait-open')).status, 429);
  for (const given of [{ who: 'user:ada' }, { who: 'service' }, { who: 'local' }])
    assert.equal((await one.ask('GET', '/thing', given)).status, 200);
  one.release();
  assert.deepEqual(
    (await Promise.all([...held, ...unknown])).map(({ status }) => status),
    [200, 200, 200, 200],
  );
  await clock.advance(60_000);
  assert.equal((await one.ask('GET', '/thing', { who: 'user:eve' })).status, 200);
});

test('opening a WebSocket counts like a request: of who asks, and as a failure where nobody is known', async () => {
  const open = (ip: string, who: () => Promise<Principal | undefined>) =>
    limited.server.app.countUpgrade?.(ip, who).then(
      () => 'open',
      (error) => error.code,
    );
  const ada = { id: 'ada', kind: 'user', name: 'Ada', role: 'viewer', scopes: null } as const;
  const outcomes = [];
  for (let turn = 0; turn < 4; turn += 1) outcomes.push(await open('192.0.2.1', async () => ada));
  assert.deepEqual(outcomes, ['open', 'open', 'open', 'too_many_requests']);
  let looked = 0;
  const guess = () =>
    open('192.0.2.9', async () => {
      looked += 1;
      throw commonErrors.problem('unauthenticated', 'No.');
    });
  const guesses = [];
  for (let turn = 0; turn < 7; turn += 1) guesses.push(await guess());
  assert.equal(guesses.at(-1), 'too_many_requests');
  // Turned away before anybody looks at what was shown.
  assert.ok(looked < 7, `${looked} were looked at`);
});
