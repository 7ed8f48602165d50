/** Made here with the password, checked elsewhere with the public keys alone. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { sealPending } from '@labwright/audit';
import { signatureProfile, signatureVerifier } from '@labwright/contract-hub/signatures';
import { manualClock } from '@labwright/kernel/clock';
import { rows } from '@labwright/kernel/statement';
import { decodeJwt, SignJWT } from 'jose';
import { Secret, TOTP } from 'otpauth';
import Type from 'typebox';
import { type Office, openOffice, password, type Signed } from '../testing/office.ts';

const clock = manualClock(Date.UTC(2030, 0, 1));
let office: Office;
let ann: Signed;
before(async () => {
  office = await openOffice({ clock });
  ann = await office.person('scientist', 'Ann-Ames');
});
after(() => office.stop());

const what = { meaning: 'I saw it leak', action: 'operation.abort', subject: 'device:d1' };
const sign = (body: object, token: string | undefined = ann.access) =>
  office.ask('POST', '/signatures', { body, ...(token ? { token } : {}) });
const verifier = () => signatureVerifier(office.accounts.identity, () => clock.now());
const made = async () => {
  const { status, body } = await sign({ password, ...what });
  assert.equal(status, 201, body.detail);
  return body as unknown as { signature: string; id: string; signed_at: string };
};

test('a signature has the printed name, the time and the meaning, and is bound to what was signed', async () => {
  const { signature, id, signed_at } = await made();
  assert.deepEqual(await verifier()(signature), {
    id,
    signed_by: ann.id,
    name: 'Ann-Ames',
    signed_at,
    ...what,
    statement: signature,
  });
});

const newest = rows(
  'test.signatures.newest',
  Type.Object({ action: Type.String(), actor_id: Type.String(), after: Type.String() }),
  `SELECT action, actor_id, after::text AS after FROM audit_entries ORDER BY seq DESC LIMIT 1`,
);

test('that it was made is on record, without the password', async () => {
  const { id } = await made();
  await sealPending(office.database.db);
  const [entry] = await office.database.db.query(newest);
  assert.deepEqual([entry?.action, entry?.actor_id], ['signature.make', ann.id]);
  assert.deepEqual(JSON.parse(entry?.after ?? ''), { id, ...what });
});

test('being signed in is not enough, nor is a password without it; machines do not sign', async () => {
  const wrong = await sign({ password: 'not the password of anybody', ...what });
  assert.deepEqual([wrong.status, wrong.body.code], [401, 'invalid_credentials']);
  assert.equal((await sign({ password, ...what }, '')).status, 401);
  assert.equal((await sign(what)).body.code, 'validation_failed');
  assert.equal((await sign({ password, ...what, meaning: '  ' })).body.code, 'validation_failed');
  const { status, body } = await office.ask('POST', '/api-tokens', {
    token: ann.access,
    body: { name: 'robot', role: 'scientist' },
  });
  assert.equal(status, 201, body.detail);
  assert.equal((await sign({ password, ...what }, body.token)).body.code, 'people_only');
});

test('not after five minutes; not one of another kind, another key, or without any', async () => {
  const { signature } = await made();
  const verify = verifier();
  await verify(signature);
  const claims = decodeJwt(signature);
  const head = { alg: 'HS256', typ: signatureProfile.type };
  const forged = await new SignJWT(claims)
    .setProtectedHeader(head)
    .sign(new TextEncoder().encode('x'.repeat(64)));
  const [, body] = signature.split('.');
  const none = `${Buffer.from('{"alg":"none","typ":"signature+jwt"}').toString('base64url')}.${body}.`;
  const edited = Buffer.from(JSON.stringify({ ...claims, jti: randomUUID() })).toString('base64url');
  const swapped = signature.split('.').with(1, edited).join('.');
  for (const bad of [ann.access, forged, none, swapped, 'abc', `${signature}x`])
    await assert.rejects(verify(bad), bad);
  await clock.advance(306_000);
  await assert.rejects(verify(signature), /exp|old/);
});

test('and a statement of a signature is no access token', async () => {
  const { signature } = await sign({ password, ...what }).then(
    ({ body }) => body as unknown as { signature: string },
  );
  const asked = await office.ask('GET', '/me', { token: signature ?? 'x.y.z' });
  assert.equal(asked.status, 401);
});

test('with a second factor a code is asked for as well, and each is good once', async () => {
  const ben = await office.person('scientist', 'Ben-Bach');
  const offered = await office.ask('POST', '/me/second-factor', { token: ben.access, body: { password } });
  const code = () =>
    new TOTP({ secret: Secret.fromBase32(offered.body.secret), digits: 6, period: 30 }).generate({
      timestamp: clock.now(),
    });
  const set = await office.ask('POST', '/me/second-factor/confirm', {
    token: ben.access,
    body: { code: code() },
  });
  assert.equal(set.status, 200, set.body.detail);
  await clock.advance(30_000);
  const without = await sign({ password, ...what }, ben.access);
  assert.deepEqual([without.status, without.body.code], [403, 'code_required']);
  const wrong = String((Number(code()) + 1) % 1_000_000).padStart(6, '0');
  assert.equal((await sign({ password, code: wrong, ...what }, ben.access)).body.code, 'wrong_code');
  assert.equal((await sign({ password, code: code(), ...what }, ben.access)).status, 201);
  assert.equal((await sign({ password, code: code(), ...what }, ben.access)).body.code, 'wrong_code');
});
