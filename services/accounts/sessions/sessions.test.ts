import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { manualClock } from '@labwright/kernel/clock';
import { command, rows } from '@labwright/kernel/statement';
import { createMetrics } from '@labwright/kernel/telemetry';
import { eventually } from '@labwright/kernel/testing';
import Type from 'typebox';
import { days, minutes } from '../deps.ts';
import { createHasher } from '../passwords/hasher.ts';
import { storePassword } from '../passwords/store-password.ts';
import { type Office, openOffice, password } from '../testing/office.ts';

let office: Office;
const clock = manualClock(Date.now());
before(async () => {
  office = await openOffice({ clock });
});
after(() => office.stop());

const refresh = (token: string, at = office) =>
  at.ask('POST', '/session/refresh', { body: { refresh_token: token } });

test('address and password open a session, in any case of the address', async () => {
  const ada = await office.person('scientist', 'Ada');
  const { status, body } = await office.signIn(ada.email.toUpperCase());
  assert.deepEqual([status, body.status, body.user.role], [200, 'signed_in', 'scientist']);
  const me = await office.ask('GET', '/me', { token: body.access_token });
  assert.deepEqual([me.status, me.body.email, me.body.state], [200, ada.email, 'active']);
});

test('who asks is told to whoever is known: a person as in the token, nobody not at all', async () => {
  const ada = await office.person('scientist', 'Ada');
  const { body } = await office.signIn(ada.email);
  const asking = await office.ask('GET', '/session', { token: body.access_token });
  assert.deepEqual(
    [asking.status, asking.body],
    [200, { kind: 'user', id: body.user.id, name: 'Ada', role: 'scientist' }],
  );
  assert.equal((await office.ask('GET', '/session')).status, 401);
});

test('401: a wrong password and an address of nobody look alike', async () => {
  const ada = await office.person('viewer');
  const wrong = await office.signIn(ada.email, 'not the password at all');
  const nobody = await office.signIn('nobody@example.org', 'not the password at all');
  assert.deepEqual([wrong.status, wrong.body.code], [401, 'invalid_credentials']);
  assert.deepEqual(
    [nobody.status, nobody.body.code, nobody.body.detail],
    [401, 'invalid_credentials', wrong.body.detail],
  );
});

test('cookies that no script and no other site gets, and nothing of them in the answer', async () => {
  const ada = await office.person('viewer');
  const { cookies, body } = await office.ask('POST', '/session', { body: { email: ada.email, password } });
  const access = cookies.find(({ name }) => name === '__Host-labwright_access');
  const refreshed = cookies.find(({ name }) => name === '__Secure-labwright_refresh');
  assert.match(access?.line ?? '', /; Path=\/; Max-Age=900; HttpOnly; SameSite=Lax; Secure$/);
  assert.match(refreshed?.line ?? '', /; Path=\/session; Max-Age=604800; HttpOnly; SameSite=Strict; Secure$/);
  assert.equal(body.access_token, undefined);
  assert.equal(body.refresh_token, undefined);
  const cookie = `${access?.name}=${access?.value}`;
  assert.equal((await office.ask('GET', '/me', { headers: { cookie } })).status, 200);
  const again = await office.ask('POST', '/session/refresh', {
    headers: { cookie: `${refreshed?.name}=${refreshed?.value}` },
  });
  assert.equal(again.status, 200);
  assert.ok(again.cookies.some(({ name }) => name === '__Host-labwright_access'));
});

test('over http from this machine to this machine the cookies have plain names; from elsewhere never', async () => {
  const ada = await office.person('viewer');
  const body = { email: ada.email, password };
  const signIn = (headers: Record<string, string>, from = '127.0.0.1') =>
    office.ask('POST', '/session', { body, headers, from });
  const here = await signIn({ host: 'localhost:5000', origin: 'http://localhost:5000' });
  const access = here.cookies.find(({ name }) => name === 'labwright_access');
  assert.match(access?.line ?? '', /HttpOnly; SameSite=Lax$/);
  for (const elsewhere of [
    await signIn({ host: 'localhost:5000' }, '192.0.2.7'),
    await signIn({ host: 'lab.example.org' }),
    await signIn({ host: 'localhost:5000', 'x-forwarded-proto': 'https' }),
  ]) {
    assert.equal(elsewhere.status, 200);
    for (const { line, value } of elsewhere.cookies) if (value !== '') assert.match(line, /; Secure$/);
  }
});

test('403: a page of http from another machine is told so, for its browser would drop the cookies; a program gets its tokens', async () => {
  const ada = await office.person('viewer');
  const headers = { host: 'lab.example.org:5000', origin: 'http://lab.example.org:5000' };
  const ask = (url: string, body: object) => office.ask('POST', url, { body, headers, from: '192.0.2.7' });
  const given = { email: ada.email, password };
  const before = await office.ask('GET', '/me/sessions', {
    headers: { authorization: `Bearer ${ada.access}` },
  });
  for (const refused of [
    await ask('/session', given),
    await ask('/session/second-factor', { challenge: 'x'.repeat(43), code: '123456' }),
    await ask('/invitations/accept', { token: 'x'.repeat(43), password }),
    await ask('/setup', { token: 'x'.repeat(43), name: 'Eve', email: 'eve@example.org', password }),
  ]) {
    assert.deepEqual([refused.status, refused.body.code], [403, 'sign_in_needs_https']);
    assert.deepEqual(refused.cookies, []);
  }
  const after = await office.ask('GET', '/me/sessions', {
    headers: { authorization: `Bearer ${ada.access}` },
  });
  assert.equal(after.body.sessions.length, before.body.sessions.length, 'nobody was signed in');
  assert.equal((await ask('/session', { ...given, deliver: 'body' })).status, 200);
  // A proxy that ends TLS passes the request on over http: its page is https all the same.
  headers.origin = 'https://lab.example.org:5000';
  assert.equal((await ask('/session', given)).status, 200);
});

test('403: a page of another site can neither sign somebody in nor use the cookies of somebody who is', async () => {
  const ada = await office.person('admin');
  const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  const login = await office.ask('POST', '/session', {
    body: { email: ada.email, password },
    headers: foreign,
  });
  assert.deepEqual([login.status, login.body.code, login.cookies], [403, 'cross_site_request', []]);
  const { cookies } = await office.ask('POST', '/session', { body: { email: ada.email, password } });
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  for (const [method, url, body] of [
    ['POST', '/users', { name: 'x', email: 'x@example.org', role: 'admin' }],
    ['POST', '/session/refresh', undefined],
    ['DELETE', '/session', undefined],
  ] as const) {
    const { status, body: answer } = await office.ask(method, url, {
      headers: { ...foreign, cookie },
      ...(body ? { body } : {}),
    });
    assert.deepEqual([status, answer.code], [403, 'cross_site_request'], url);
  }
  assert.equal((await office.ask('GET', '/me', { headers: { cookie } })).status, 200);
});

test('a refresh token is good once; shown again, its session ends with all that came of it', async () => {
  const ada = await office.person('viewer');
  const first = await refresh(ada.refresh);
  assert.equal(first.status, 200);
  const second = await refresh(first.body.refresh_token);
  assert.equal(second.status, 200);
  const stolen = await refresh(ada.refresh);
  assert.deepEqual([stolen.status, stolen.body.code], [401, 'session_ended']);
  assert.match(stolen.body.detail, /copied/);
  assert.equal((await refresh(second.body.refresh_token)).status, 401);
  await office.refused(second.body.access_token);
});

test('of twenty refreshes with one token at once one succeeds, and the session is over', async () => {
  const ada = await office.person('viewer');
  const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(ada.refresh)));
  const good = answers.filter(({ status }) => status === 200);
  assert.equal(good.length, 1);
  assert.ok(answers.every(({ status }) => status === 200 || status === 401));
  assert.equal((await refresh(good[0]?.body.refresh_token ?? '')).status, 401);
});

test('seven days without a refresh end a session; fifteen minutes an access token', async () => {
  const ada = await office.person('viewer');
  await clock.advance(15 * minutes + 10_000);
  const late = await office.ask('GET', '/me', { token: ada.access });
  assert.equal(late.status, 401);
  assert.match(late.body.detail, /expired/);
  let token = ada.refresh;
  for (let day = 0; day < 3; day += 1) {
    await clock.advance(6 * days);
    const next = await refresh(token);
    assert.equal(next.status, 200);
    token = next.body.refresh_token;
  }
  await clock.advance(7 * days + 1);
  assert.equal((await refresh(token)).status, 401);
});

test('signing out ends the access token at once, in another process too; twice is no mistake', async () => {
  const other = await openOffice({ clock, database: office.database, secretKey: office.secretKey });
  const ada = await office.person('viewer');
  assert.equal((await other.ask('GET', '/me', { token: ada.access })).status, 200);
  const out = await office.ask('DELETE', '/session', { token: ada.access });
  await other.refused(ada.access).finally(() => other.stop());
  assert.equal(out.status, 204);
  assert.ok(out.cookies.every(({ line }) => line.includes('Max-Age=0')));
  await office.refused(ada.access);
  assert.equal((await refresh(ada.refresh)).status, 401);
  assert.equal((await office.ask('DELETE', '/session', { token: ada.access })).status, 204);
  assert.equal((await office.ask('DELETE', '/session')).status, 204);
});

test('one sees where one is signed in, page by page, and ends a session elsewhere', async () => {
  const ada = await office.person('viewer');
  const elsewhere = (await office.signIn(ada.email)).body;
  const first = await office.ask('GET', '/me/sessions?limit=1', { token: ada.access });
  const second = await office.ask('GET', `/me/sessions?limit=1&cursor=${first.body.next_cursor}`, {
    token: ada.access,
  });
  const both = [...first.body.sessions, ...second.body.sessions];
  assert.deepEqual(both.map(({ id }) => id).sort(), [ada.session, elsewhere.session_id].sort());
  assert.equal(both.find(({ current }) => current)?.id, ada.session);
  assert.equal(second.body.next_cursor, null);
  const stranger = await office.person('viewer');
  const url = `/me/sessions/${elsewhere.session_id}`;
  const foreign = await office.ask('DELETE', url, { token: stranger.access });
  assert.deepEqual([foreign.status, foreign.body.code], [404, 'session_not_found']);
  assert.equal((await office.ask('DELETE', url, { token: ada.access })).status, 204);
  await office.refused(elsewhere.access_token);
  assert.equal((await office.ask('GET', '/me', { token: ada.access })).status, 200);
  const bad = await office.ask('GET', '/me/sessions?cursor=nonsense', { token: ada.access });
  assert.deepEqual([bad.status, bad.body.code], [400, 'invalid_cursor']);
});

test('nobody has more than fifty sessions: the oldest end', async () => {
  const ada = await office.person('viewer');
  for (let session = 0; session < 50; session += 1) {
    await clock.advance(1_000);
    assert.equal((await office.signIn(ada.email)).status, 200);
  }
  assert.equal((await refresh(ada.refresh)).status, 401);
});

const hold = command('test.sessions.hold', 'SELECT FROM users WHERE id = $1 FOR UPDATE');
const waiting = rows(
  'test.sessions.waiting',
  Type.Object({ count: Type.Integer() }),
  `SELECT count(*)::int AS count FROM pg_stat_activity
   WHERE datname = current_database() AND wait_event_type = 'Lock'`,
);

test('a sign-in with the old password that is under way while it is changed opens nothing', async () => {
  const ada = await office.person('viewer');
  const { db } = office.database;
  const fresh = 'a new sentence that is long enough';
  const hasher = createHasher(createMetrics('hasher'));
  const [hash, signingIn] = await db.transaction(async (tx) => {
    await tx.execute(hold, [ada.id]);
    // It looks at the password that is still there, and then waits for the one who changes it.
    const signingIn = office.signIn(ada.email);
    await eventually(
      'the sign-in waits',
      async () => ((await db.first(waiting))?.count ?? 0) > 0 || undefined,
    );
    const hash = await hasher.hash(fresh);
    await storePassword(tx, ada.id, hash, Date.now());
    return [hash, signingIn] as const;
  });
  assert.ok(hash);
  const { status, body } = await signingIn;
  assert.deepEqual([status, body.code], [401, 'invalid_credentials']);
  assert.equal((await office.signIn(ada.email, fresh)).status, 200);
  await hasher.stop();
});
