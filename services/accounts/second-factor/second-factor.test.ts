import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { manualClock } from '@labwright/kernel/clock';
import { Secret, TOTP } from 'otpauth';
import { minutes } from '../deps.ts';
import { type Office, openOffice, password, type Signed } from '../testing/office.ts';

let office: Office;
const clock = manualClock(Date.now());
before(async () => {
  office = await openOffice({ clock });
});
after(() => office.stop());

/** What an authenticator app shows. */
const codeOf = (secret: string, ms = 0) =>
  new TOTP({ secret: Secret.fromBase32(secret), digits: 6, period: 30 }).generate({
    timestamp: clock.now() + ms,
  });
const other = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

const post = (url: string, body: unknown, token?: string) =>
  office.ask('POST', url, { body, ...(token ? { token } : {}) });

async function withFactor(): Promise<{ ada: Signed; secret: string; recovery: string[] }> {
  const ada = await office.person('viewer');
  const { body } = await post('/me/second-factor', { password }, ada.access);
  assert.match(body.url, /^otpauth:\/\/totp\/Labwright:.*secret=/);
  const set = await post('/me/second-factor/confirm', { code: codeOf(body.secret) }, ada.access);
  assert.deepEqual([set.status, set.body.recovery_codes.length], [200, 10]);
  await clock.advance(30_000);
  return { ada, secret: body.secret, recovery: set.body.recovery_codes };
}

const challengeFor = async (ada: Signed) => {
  const { status, body } = await office.signIn(ada.email);
  assert.deepEqual([status, body.status, body.access_token], [200, 'second_factor_required', undefined]);
  return body.challenge;
};
const answer = (challenge: string, code: string) =>
  post('/session/second-factor', { challenge, code, deliver: 'body' });

test('it asks for nothing before its first code was right, and needs the password to begin', async () => {
  const ada = await office.person('viewer');
  assert.equal(
    (await post('/me/second-factor', { password: 'wrong' }, ada.access)).body.code,
    'invalid_credentials',
  );
  assert.equal(
    (await post('/me/second-factor/confirm', { code: '123456' }, ada.access)).body.code,
    'second_factor_missing',
  );
  const { secret } = (await post('/me/second-factor', { password }, ada.access)).body;
  assert.equal((await office.signIn(ada.email)).body.status, 'signed_in');
  const wrong = await post('/me/second-factor/confirm', { code: other(codeOf(secret)) }, ada.access);
  assert.deepEqual([wrong.status, wrong.body.code], [403, 'wrong_code']);
  assert.equal((await office.ask('GET', '/me', { token: ada.access })).body.second_factor, false);
});

test('password and code sign in; the password alone opens nothing', async () => {
  const { ada, secret } = await withFactor();
  const challenge = await challengeFor(ada);
  assert.equal((await office.ask('GET', '/me', { token: challenge })).status, 401);
  assert.equal((await post('/session/refresh', { refresh_token: challenge })).status, 401);
  const done = await answer(challenge, codeOf(secret));
  assert.deepEqual([done.status, done.body.status], [200, 'signed_in']);
  assert.equal((await office.ask('GET', '/me', { token: done.body.access_token })).body.second_factor, true);
  assert.equal(
    (await answer(challenge, codeOf(secret))).body.code,
    'session_ended',
    'a challenge is good once',
  );
});

test('a code is good once, also in two sign-ins at the same time; a clock may be half a minute off', async () => {
  const { ada, secret } = await withFactor();
  const code = codeOf(secret);
  const challenges = [await challengeFor(ada), await challengeFor(ada)];
  const answers = await Promise.all(challenges.map((challenge) => answer(challenge, code)));
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 403]);
  await clock.advance(60_000);
  assert.equal((await answer(await challengeFor(ada), codeOf(secret, 30_000))).status, 200);
  assert.equal((await answer(await challengeFor(ada), codeOf(secret, 30_000))).status, 403);
  await clock.advance(120_000);
  assert.equal((await answer(await challengeFor(ada), codeOf(secret, -60_000))).status, 403);
});

test('a recovery code takes the place of one code, once', async () => {
  const { ada, recovery } = await withFactor();
  const [code = ''] = recovery;
  assert.equal((await answer(await challengeFor(ada), code.toLowerCase().replaceAll('-', ''))).status, 200);
  const again = await answer(await challengeFor(ada), code);
  assert.deepEqual([again.status, again.body.code], [403, 'wrong_code']);
});

test('ten minutes end a challenge', async () => {
  const { ada, secret } = await withFactor();
  const challenge = await challengeFor(ada);
  await clock.advance(10 * minutes + 1);
  assert.equal((await answer(challenge, codeOf(secret))).body.code, 'session_ended');
});

test('429: codes cannot be tried for ever, not even with the right password', async () => {
  const { ada, secret } = await withFactor();
  let tries = 0;
  for (; tries < 30; tries += 1) {
    const signedIn = await office.signIn(ada.email);
    if (signedIn.status === 429) break;
    const tried = await answer(signedIn.body.challenge, other(codeOf(secret)));
    if (tried.status === 429) break;
    assert.equal(tried.status, 403);
  }
  assert.ok(tries <= 10, `${tries} codes were tried`);
});

test('it is removed with password and code, renewed codes replace the old ones, and set twice is refused', async () => {
  const { ada, secret, recovery } = await withFactor();
  assert.equal((await post('/me/second-factor', { password }, ada.access)).body.code, 'second_factor_set');
  const renewed = await post(
    '/me/second-factor/recovery-codes',
    { password, code: codeOf(secret) },
    ada.access,
  );
  assert.equal(renewed.body.recovery_codes.length, 10);
  await clock.advance(30_000);
  const remove = (code: string) => post('/me/second-factor/remove', { password, code }, ada.access);
  assert.equal((await remove(recovery[1] ?? '')).body.code, 'wrong_code');
  assert.equal((await remove(renewed.body.recovery_codes[0] ?? '')).status, 204);
  assert.equal((await office.signIn(ada.email)).body.status, 'signed_in');
});

test('an administrator removes that of somebody who lost it; a new password does not', async () => {
  const { ada } = await withFactor();
  const admin = await office.person('admin');
  const { body } = await office.ask('POST', `/users/${ada.id}/invitation`, { token: admin.access });
  const set = await post('/invitations/accept', {
    token: body.token,
    password: 'a new sentence that is long',
  });
  assert.deepEqual([set.status, set.body.status, set.cookies], [200, 'password_set', []]);
  const url = `/users/${ada.id}/second-factor/remove`;
  assert.equal((await post(url, { reason: 'lost the phone' }, admin.access)).status, 204);
  assert.equal((await post(url, { reason: 'again' }, admin.access)).body.code, 'second_factor_missing');
  assert.equal((await office.signIn(ada.email, 'a new sentence that is long')).body.status, 'signed_in');
});

test('the secret is not readable in the database; with another secret key a recovery code still opens', async () => {
  const { ada, secret, recovery } = await withFactor();
  const { db } = office.database;
  const text = {
    name: 'test.factor',
    text: 'SELECT secret FROM second_factors WHERE user_id = $1',
    schema: null,
  };
  const stored = await db.first<{ secret: string }>(text, [ada.id]);
  assert.ok(!stored?.secret.includes(secret));
  const stranger = await openOffice({ clock, database: office.database });
  try {
    const signIn = await stranger.signIn(ada.email);
    const by = (code: string) =>
      stranger.ask('POST', '/session/second-factor', { body: { challenge: signIn.body.challenge, code } });
    const refused = await by(codeOf(secret));
    assert.deepEqual([refused.status, refused.body.code], [403, 'wrong_code']);
    assert.match(refused.body.detail, /secret key/);
    assert.equal((await by(recovery[0] ?? '')).status, 200);
  } finally {
    await stranger.stop();
  }
});

test('who signs in often with a second factor is not locked out', async () => {
  const { ada, secret } = await withFactor();
  for (let turn = 0; turn < 12; turn += 1) {
    assert.equal((await answer(await challengeFor(ada), codeOf(secret))).status, 200);
    await clock.advance(30_000);
  }
});

test('codes are not guessed by somebody who has session and password: wrong ones count, wherever they are shown', async () => {
  const { ada, secret } = await withFactor();
  const guess = (path: string) =>
    post(`/me/second-factor/${path}`, { password, code: other(codeOf(secret)) }, ada.access);
  for (let tries = 0; tries < 10; tries += 1)
    assert.equal((await guess(tries % 2 ? 'remove' : 'recovery-codes')).body.code, 'wrong_code');
  assert.equal((await guess('remove')).body.code, 'too_many_attempts');
});

test('nor is the first code of an authenticator that was offered', async () => {
  const ada = await office.person('viewer');
  const { secret } = (await post('/me/second-factor', { password }, ada.access)).body;
  const guess = () => post('/me/second-factor/confirm', { code: other(codeOf(secret)) }, ada.access);
  for (let tries = 0; tries < 10; tries += 1) assert.equal((await guess()).body.code, 'wrong_code');
  assert.equal((await guess()).body.code, 'too_many_attempts');
});

test('a sign-in that waits for its code is over once the password is another one', async () => {
  const { ada, secret } = await withFactor();
  const challenge = await challengeFor(ada);
  await clock.advance(30_000);
  const changed = await post(
    '/me/password',
    { password, new_password: 'quite another sentence of mine' },
    ada.access,
  );
  assert.equal(changed.status, 204);
  const late = await answer(challenge, codeOf(secret));
  assert.deepEqual([late.status, late.body.code], [401, 'session_ended']);
});
