import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Office, openOffice, password } from '@labwright/accounts/testing';
import { manualClock } from '@labwright/kernel/clock';
import { eventually } from '@labwright/kernel/testing';
import { createClient, isLabwrightError, signIn } from './index.ts';
import { openCuttingProxy } from './testing/cutting-proxy.ts';

let office: Office;
let hub: string;
/** The clock of the accounts: an access token is over when a test says so. */
const clock = manualClock(Date.now());

before(async () => {
  office = await openOffice({ clock });
  hub = `http://127.0.0.1:${await office.server.listen({ host: '127.0.0.1', port: 0 })}`;
});
after(() => office.stop());

test('an access token that is over is renewed, once for all requests that were refused with it', async (t) => {
  const { email } = await office.person('scientist');
  const proxy = await openCuttingProxy(hub);
  t.after(() => proxy.close());
  const session = await signIn({ hub: proxy.url, email, password });
  assert.equal(session.user.email, email);
  const client = createClient({ hub: proxy.url, token: session.token });
  const me = () => client.call('hub-service', 'GET', '/me');
  assert.equal((await me()).email, email);

  const refreshes = () => proxy.seen.filter(({ path }) => path === '/session/refresh').length;
  await clock.advance(16 * 60_000);
  const answers = await Promise.all(Array.from({ length: 12 }, me));
  assert.deepEqual(
    answers.map((answer) => answer.email),
    Array.from({ length: 12 }, () => email),
  );
  assert.equal(refreshes(), 1);

  // Again, and again: each refresh token is good for one.
  for (let time = 2; time <= 4; time += 1) {
    await clock.advance(16 * 60_000);
    await me();
    assert.equal(refreshes(), time);
  }

  await session.signOut();
  await eventually('the session is over everywhere', () =>
    me().then(
      () => undefined,
      (error) => isLabwrightError(error) && error.status === 401,
    ),
  );
});

test('a refusal that comes after the token was renewed renews nothing', async (t) => {
  const { email } = await office.person('scientist');
  const proxy = await openCuttingProxy(hub);
  t.after(() => proxy.close());
  const { token } = await signIn({ hub: proxy.url, email, password });
  const refused = Promise.withResolvers<void>();
  const renewed = Promise.withResolvers<void>();
  const slow = createClient({
    hub: proxy.url,
    token,
    fetch: async (...request) => {
      const response = await fetch(...request);
      if (response.status === 401) {
        refused.resolve();
        await renewed.promise;
      }
      return response;
    },
  });
  await clock.advance(16 * 60_000);
  const late = slow.call('hub-service', 'GET', '/me');
  await refused.promise;
  await createClient({ hub: proxy.url, token }).call('hub-service', 'GET', '/me');
  renewed.resolve();
  assert.equal((await late).email, email);
  assert.equal(proxy.seen.filter(({ path }) => path === '/session/refresh').length, 1);
});

test('a token that is refused for good is an error, after one try to renew it', async () => {
  let asked: boolean[] = [];
  const client = createClient({
    hub,
    token: (renew) => {
      asked.push(renew);
      return 'no-token-of-ours';
    },
  });
  await assert.rejects(client.call('hub-service', 'GET', '/me'), { status: 401, attempts: 2 });
  assert.deepEqual(asked, [false, true]);
  asked = [];
  await assert.rejects(createClient({ hub, token: 'lw_none' }).call('hub-service', 'GET', '/me'), {
    status: 401,
  });
});

test('a wrong password is told, and not tried again', async (t) => {
  const { email } = await office.person('viewer');
  const proxy = await openCuttingProxy(hub);
  t.after(() => proxy.close());
  await assert.rejects(signIn({ hub: proxy.url, email, password: 'not the password' }), {
    name: 'LabwrightError',
    status: 401,
    attempts: 1,
  });
  assert.equal(proxy.seen.length, 1);
});

test('an answer with a secret that is lost is not asked for again: it would be another secret', async (t) => {
  const { access } = await office.person('admin');
  const proxy = await openCuttingProxy(hub);
  t.after(() => proxy.close());
  proxy.fate = () => 'after';
  const client = createClient({ hub: proxy.url, token: access });
  const body = { name: 'robot', role: 'viewer' } as const;
  await assert.rejects(client.call('hub-service', 'POST', '/api-tokens', { body }), { code: 'no_answer' });
  assert.deepEqual(
    proxy.seen.map(({ key }) => key),
    [undefined],
  );
});
