/** The parts together, as a service has them: keys, revocations, API tokens, over a hub in memory and over HTTP. */
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { type ManualClock, manualClock, systemClock } from '@labwright/kernel/clock';
import { isProblem } from '@labwright/kernel/errors';
import { silentLog } from '@labwright/kernel/log';
import { openProxy, eventually as until } from '@labwright/kernel/testing';
import type { TokenHolder } from '../identity.ts';
import { checkIdentity } from './check-identity.ts';
import { identityClient } from './client.ts';
import { createKeys } from './keys.ts';
import { serviceHeaders } from './service-token.ts';
import { openTestHub, serveTestHub, type TestHub } from './testing/hub.ts';

const serviceToken = 'a-secret-of-all-services-of-this-lab';
let clock: ManualClock;
let hub: TestHub;
let identity: ReturnType<typeof checkIdentity>;

const open = async () => {
  await identity?.stop();
  clock = manualClock();
  hub = await openTestHub(clock);
  identity = checkIdentity({
    hub,
    clock,
    log: silentLog,
    serviceTokens: [serviceToken, 'the-one-before-it'],
  });
};
beforeEach(async () => {
  await open();
  await identity.start();
  await following();
});
after(() => identity.stop());

/** Waits until it holds. */
const eventually = (assertion: () => Promise<unknown>) =>
  until(
    'an assertion holds',
    () =>
      assertion().then(
        () => true,
        () => undefined,
      ),
    10_000,
  );
const following = (of = identity) => eventually(async () => assert.equal(of.revocations.state, 'following'));
const ask = (headers: Record<string, string>, of = identity) =>
  of.authenticate({ method: 'GET', url: '/', headers, ip: '127.0.0.1' });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const refused = (headers: Record<string, string>, code: string, of = identity) =>
  assert.rejects(ask(headers, of), (error) => isProblem(error, code), code);

const holder = (more: Partial<TokenHolder> = {}): TokenHolder => ({
  token_id: 'token-7',
  owner_id: 'ada',
  name: 'importer',
  role: 'scientist',
  scopes: ['workflows:write'],
  expires_at: null,
  ...more,
});

test('nobody, a person by header and by either cookie, a header that is something else', async () => {
  const token = await hub.sign({ scope: 'devices:read  workflows:write' });
  const person = {
    id: 'ada',
    kind: 'user',
    name: 'Ada',
    role: 'scientist',
    scopes: ['devices:read', 'workflows:write'],
  };
  assert.equal(await ask({}), undefined);
  assert.equal(await ask({ cookie: 'theme=dark; labwright_access=' }), undefined);
  assert.deepEqual(await ask(bearer(token)), person);
  assert.deepEqual(await ask({ cookie: `theme=dark; labwright_access=${token}` }), person);
  assert.deepEqual(await ask({ cookie: `labwright_access=x; __Host-labwright_access=${token}` }), person);
  for (const authorization of ['Basic YTpi', 'Bearer', 'Bearer a b', token, ''])
    await refused({ authorization, cookie: `labwright_access=${token}` }, 'unauthenticated');
  // What machines carry is no cookie.
  await refused({ cookie: `labwright_access=${serviceToken}` }, 'unauthenticated');
});

test('another service, in the name of whoever asked it; a token it has been and one it is not', async () => {
  const system = serviceHeaders(serviceToken)();
  assert.deepEqual(await ask(system), {
    id: 'system',
    kind: 'service',
    name: 'Labwright',
    role: 'operator',
    scopes: null,
  });
  assert.equal((await ask(bearer('the-one-before-it')))?.id, 'service');
  await refused(
    { ...system, authorization: 'Bearer a-secret-of-all-services-of-this-lab2' },
    'unauthenticated',
  );
  // Only a service may name somebody else.
  const named = { ...system, ...bearer(await hub.sign()) };
  assert.equal((await ask(named))?.id, 'ada');
  assert.equal((await ask({ ...system, 'labwright-on-behalf-of': 'bm9uc2Vuc2U' }))?.id, 'service');
});

test('a session that ends is refused at once, and no other; a person likewise, but not what they get afterwards', async () => {
  const [one, two] = [await hub.sign({ sid: 'one' }), await hub.sign({ sid: 'two' })];
  await ask(bearer(one));
  hub.revoke('session', 'one');
  await eventually(() => refused(bearer(one), 'unauthenticated'));
  await ask(bearer(two));
  hub.revoke('principal', 'ada');
  await eventually(() => refused(bearer(two), 'unauthenticated'));
  await ask(bearer(await hub.sign({ sub: 'bob' })));
  await clock.advance(1_000);
  await ask(bearer(await hub.sign({ sid: 'three' })));
});

test('a revocation is kept until the last token that it concerns is over, and no longer', async () => {
  const token = await hub.sign({ sid: 'one' });
  hub.revoke('session', 'one');
  await eventually(() => refused(bearer(token), 'unauthenticated'));
  await clock.advance(899_000);
  await refused(bearer(token), 'unauthenticated');
  await clock.advance(30_000);
  // A session of that name would be good again: nothing is left of it in memory.
  await eventually(async () => void (await ask(bearer(await hub.sign({ sid: 'one' })))));
});

test('before everything that was revoked is read, nobody is let in', async () => {
  await open();
  for (const sid of ['a', 'b', 'c', 'd', 'e']) hub.revoke('session', sid);
  const token = await hub.sign({ sid: 'e' });
  await refused(bearer(token), 'identity_unavailable');
  // Another service is known without the hub.
  await ask(serviceHeaders(serviceToken)());
  await identity.start();
  await following();
  await refused(bearer(token), 'unauthenticated');
});

test('the hub is away: people go on for 15 minutes, then nobody can tell; it is back: at once', async () => {
  const token = () => hub.sign();
  await ask(bearer(await token()));
  hub.away = true;
  for (let minute = 0; minute < 14; minute += 1) await clock.advance(60_000);
  assert.equal((await ask(bearer(await token())))?.id, 'ada');
  // What signs is a matter of the hub; here it goes on, to tell a token that has expired from one that nobody can judge.
  for (let minute = 0; minute < 2; minute += 1) await clock.advance(60_000);
  assert.equal(identity.revocations.state, 'away');
  await refused(bearer(await token()), 'identity_unavailable');
  await ask(serviceHeaders(serviceToken)());
  const old = await hub.sign({ sid: 'ended-meanwhile' });
  hub.revoke('session', 'ended-meanwhile');
  hub.away = false;
  await clock.advance(2_500);
  await following();
  await refused(bearer(old), 'unauthenticated');
  await ask(bearer(await token()));
});

test('a list that began anew is read from its beginning', async () => {
  for (const sid of ['a', 'b', 'c']) hub.revoke('session', sid);
  await eventually(async () => refused(bearer(await hub.sign({ sid: 'c' })), 'unauthenticated'));
  hub.restore();
  hub.revoke('session', 'd');
  await eventually(async () => refused(bearer(await hub.sign({ sid: 'd' })), 'unauthenticated'));
});

test('an API token is looked up once for many requests, and again after half a minute', async () => {
  hub.holders.set('lw_one', holder());
  let release = () => {};
  hub.hold = new Promise((resolve) => {
    release = resolve;
  });
  const many = Array.from({ length: 50 }, () => ask(bearer('lw_one')));
  release();
  for (const principal of await Promise.all(many))
    assert.deepEqual(principal, {
      id: 'token-7',
      kind: 'token',
      name: 'importer',
      role: 'scientist',
      scopes: ['workflows:write'],
    });
  await ask(bearer('lw_one'));
  assert.equal(hub.asked.introspect, 1);
  await refused(bearer('lw_two'), 'unauthenticated');
  await refused(bearer('lw_two'), 'unauthenticated');
  assert.equal(hub.asked.introspect, 2);
  hub.holders.set('lw_one', holder({ role: 'viewer' }));
  await clock.advance(31_000);
  assert.equal((await ask(bearer('lw_one')))?.role, 'viewer');
  await refused(bearer(`lw_${'x'.repeat(600)}`), 'unauthenticated');
  assert.equal(hub.asked.introspect, 3);
});

test('an API token ends at once: revoked, its owner locked, expired, revoked while it was looked up', async () => {
  for (const [kind, value] of [
    ['token', 'token-7'],
    ['principal', 'ada'],
  ] as const) {
    const token = `lw_${kind}`;
    hub.holders.set(token, holder());
    if (kind === 'token') hub.holders.set('lw_other', holder({ token_id: 'token-8' }));
    await ask(bearer(kind === 'token' ? token : 'lw_other'));
    hub.holders.clear();
    hub.revoke(kind, value);
    await eventually(() => refused(bearer(kind === 'token' ? token : 'lw_other'), 'unauthenticated'));
    if (kind === 'token') hub.holders.set('lw_other', holder({ token_id: 'token-8' }));
  }
  hub.holders.set(
    'lw_brief',
    holder({ token_id: 't9', expires_at: new Date(clock.now() + 5_000).toISOString() }),
  );
  await ask(bearer('lw_brief'));
  await clock.advance(5_000);
  await refused(bearer('lw_brief'), 'unauthenticated');

  hub.holders.set('lw_late', holder({ token_id: 't10' }));
  let release = () => {};
  hub.hold = new Promise((resolve) => {
    release = resolve;
  });
  const late = ask(bearer('lw_late')).catch(() => undefined);
  hub.revoke('principal', 'ada');
  hub.holders.clear();
  hub.revoke('session', 'any');
  await eventually(async () => refused(bearer(await hub.sign({ sid: 'any' })), 'unauthenticated'));
  release();
  await late;
  await refused(bearer('lw_late'), 'unauthenticated');
});

test('the hub is away: API tokens in use go on, others are not guessed at', async () => {
  hub.holders.set('lw_one', holder());
  await ask(bearer('lw_one'));
  hub.away = true;
  await clock.advance(600_000);
  assert.equal((await ask(bearer('lw_one')))?.id, 'token-7');
  await refused(bearer('lw_new'), 'identity_unavailable');
});

test('a new key is fetched once for all who wait for it; invented ids do not make the hub work', async () => {
  await ask(bearer(await hub.sign()));
  assert.equal(hub.asked.jwks, 1);
  await clock.advance(6_000);
  await hub.rotate('key-2');
  const token = await hub.sign();
  await Promise.all(Array.from({ length: 100 }, () => ask(bearer(token))));
  assert.equal(hub.asked.jwks, 2);
  for (let n = 0; n < 50; n += 1)
    await refused(bearer(await hub.sign({}, { kid: `made-up-${n}` })), 'unauthenticated');
  assert.equal(hub.asked.jwks, 2);
});

test('keys: known ones serve while the hub is away, unknown ones cannot be judged', async () => {
  const keys = createKeys({ fetch: hub.jwks, now: clock.now });
  assert.ok(await keys.find('key-1'));
  hub.away = true;
  await clock.advance(3_600_000);
  assert.ok(await keys.find('key-1'));
  await clock.advance(6_000);
  await assert.rejects(keys.find('key-2'), (error) => isProblem(error, 'identity_unavailable'));
  await assert.rejects(keys.find('key-2'), (error) => isProblem(error, 'identity_unavailable'));
  hub.away = false;
  await clock.advance(6_000);
  assert.equal(await keys.find('key-2'), undefined);
});

test('over HTTP: a revocation arrives at once, also after the connection was cut; a wrong service token is no hub', async () => {
  const real = await openTestHub(systemClock);
  const served = await serveTestHub(real, serviceToken);
  const proxy = await openProxy({ host: '127.0.0.1', port: Number(new URL(served.url).port) });
  const over = (token: string) =>
    checkIdentity({
      hub: identityClient({ url: `http://127.0.0.1:${proxy.port}`, token }),
      clock: systemClock,
      log: silentLog,
    });
  const far = over(serviceToken);
  const stranger = over('not the token of this laboratory');
  await far.start();
  await stranger.start();
  try {
    await following(far);
    real.holders.set('lw_far', holder());
    assert.equal((await ask(bearer('lw_far'), far))?.id, 'token-7');
    for (const [round, sid] of ['first', 'second'].entries()) {
      const token = await real.sign({ sid });
      await ask(bearer(token), far);
      if (round === 1) proxy.reset();
      real.revoke('session', sid);
      await eventually(() => refused(bearer(token), 'unauthenticated', far));
    }
    await refused(bearer(await real.sign()), 'identity_unavailable', stranger);
  } finally {
    await far.stop();
    await stranger.stop();
    await proxy.close();
    await served.close();
  }
});

test('whoever asks after a lock does not get an answer that is older than the lock', async () => {
  hub.holders.set('lw_robot', holder());
  const gate = Promise.withResolvers<void>();
  let asked = 0;
  const slow = checkIdentity({
    hub: {
      ...hub,
      // The hub has looked already; its answer takes its time.
      introspect: async (token) => {
        asked += 1;
        const found = hub.holders.get(token) ?? null;
        if (asked === 1) await gate.promise;
        return found;
      },
    },
    clock,
    log: silentLog,
  });
  await slow.start();
  await following(slow);
  const before = ask(bearer('lw_robot'), slow);
  before.catch(() => {});
  await eventually(async () => assert.equal(asked, 1));
  let heard = false;
  slow.revocations.onRevoked(() => {
    heard = true;
  });
  hub.holders.delete('lw_robot');
  hub.revoke('principal', 'ada');
  await eventually(async () => assert.ok(heard));
  const later = ask(bearer('lw_robot'), slow);
  later.catch(() => {});
  gate.resolve();
  await assert.rejects(later, (error) => isProblem(error, 'unauthenticated'));
  await assert.rejects(before, (error) => isProblem(error, 'unauthenticated'));
  await slow.stop();
});
