import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { manualClock } from '@labwright/kernel/clock';
import { isProblem } from '@labwright/kernel/errors';
import fc from 'fast-check';
import { base64url, type CryptoKey, exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose';
import { type AccessClaims, tokenProfile } from '../identity.ts';
import { type AccessTokens, createAccessTokens } from './access-tokens.ts';
import { createKeys } from './keys.ts';
import { openTestHub, type TestHub } from './testing/hub.ts';

const clock = manualClock();
const seconds = () => Math.floor(clock.now() / 1_000);
let hub: TestHub;
let tokens: AccessTokens;

before(async () => {
  hub = await openTestHub(clock);
  tokens = createAccessTokens({ keys: createKeys({ fetch: hub.jwks, now: clock.now }), now: clock.now });
});

const refused = (token: string, why?: RegExp) =>
  assert.rejects(tokens.check(token), (error) => {
    assert.ok(isProblem(error, 'unauthenticated'), String(error));
    if (why) assert.match(error.message, why);
    return true;
  });

/** The claims of a good token, signed by `sign` with whatever header it likes. */
const claims = (): AccessClaims => ({
  iss: tokenProfile.issuer,
  aud: tokenProfile.audience,
  sub: 'ada',
  name: 'Ada',
  role: 'admin',
  sid: 's',
  jti: 'j',
  iat: seconds(),
  exp: seconds() + tokenProfile.lifetime,
});
const encode = (value: unknown) => base64url.encode(JSON.stringify(value));

test('a good token says who somebody is', async () => {
  const { sub, role } = await tokens.check(await hub.sign());
  assert.deepEqual([sub, role], ['ada', 'scientist']);
});

test('no signature: none in every spelling, and a signature cut off', async () => {
  for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
    const head = encode({ alg, typ: tokenProfile.type, kid: 'key-1' });
    await refused(`${head}.${encode(claims())}.`);
    await refused(`${head}.${encode(claims())}.AAAA`);
  }
  const [head, body] = (await hub.sign()).split('.');
  await refused(`${head}.${body}.`);
  await refused(`${head}.${body}`);
});

test('the public key taken for a shared secret (HS/RS confusion), as bytes, as text and as PEM', async () => {
  const jwk = hub.publicKey('key-1');
  assert.ok(jwk);
  const pem = await exportSPKI((await importJWK(jwk, 'EdDSA', { extractable: true })) as CryptoKey);
  const secrets = [
    base64url.decode(jwk.x),
    Buffer.from(jwk.x),
    Buffer.from(pem),
    Buffer.from(pem.trim()),
    Buffer.from(JSON.stringify(jwk)),
  ];
  for (const secret of secrets)
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      // Longer than what the library takes for a secret of this algorithm.
      const key = await crypto.subtle.importKey(
        'raw',
        secret,
        { name: 'HMAC', hash: `SHA-${alg.slice(2)}` },
        false,
        ['sign'],
      );
      const unsigned = `${encode({ alg, typ: tokenProfile.type, kid: 'key-1' })}.${encode(claims())}`;
      const signature = new Uint8Array(await crypto.subtle.sign('HMAC', key, Buffer.from(unsigned)));
      await refused(`${unsigned}.${base64url.encode(signature)}`);
    }
});

test('another algorithm, with a key that the token brings along or names', async () => {
  for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = { ...(await crypto.subtle.exportKey('jwk', publicKey as CryptoKey)), kid: 'key-1' };
    for (const extra of [
      {},
      { jwk },
      { jku: 'https://evil.example/jwks.json' },
      { x5u: 'https://evil.example' },
    ])
      await refused(
        await new SignJWT({ ...claims() })
          .setProtectedHeader({ alg, typ: tokenProfile.type, kid: 'key-1', ...extra } as never)
          .sign(privateKey),
      );
  }
});

test('a key of another kind in the set does not count, whatever its id', async () => {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const rsa = {
    ...(await crypto.subtle.exportKey('jwk', publicKey as CryptoKey)),
    kid: 'rsa',
    use: 'sig',
    alg: 'EdDSA',
  };
  const keys = createKeys({ fetch: async () => ({ keys: [rsa as never] }), now: clock.now });
  const own = createAccessTokens({ keys, now: clock.now });
  const token = await new SignJWT({ ...claims() })
    .setProtectedHeader({ alg: 'RS256', typ: tokenProfile.type, kid: 'rsa' })
    .sign(privateKey);
  await assert.rejects(own.check(token), (error) => isProblem(error, 'unauthenticated'));
  assert.equal(await keys.find('rsa'), undefined);
});

test('another id of a key, issuer, audience, type', async () => {
  for (const kid of ['key-2', '', '../key-1', '__proto__', 'constructor', 7, ['key-1'], undefined])
    await refused(await hub.sign({}, { kid }));
  for (const iss of ['other', '', 'labwright.evil', undefined])
    await refused(await hub.sign({ iss } as never));
  for (const aud of ['other', '', ['other'], ['labwright', 'other'], undefined])
    await refused(await hub.sign({ aud } as never));
  for (const typ of ['JWT', 'at+JWT2', 'id_token', '', undefined]) await refused(await hub.sign({}, { typ }));
  await refused(
    await hub.sign({}, { crit: ['exp'] }).catch(async () => {
      const [, body, signature] = (await hub.sign()).split('.');
      return `${encode({ alg: 'EdDSA', typ: tokenProfile.type, kid: 'key-1', crit: ['x'], x: 1 })}.${body}.${signature}`;
    }),
  );
});

test('expired, from the future, longer than a token may last, without an end', async () => {
  const now = seconds();
  await refused(await hub.sign({ iat: now - 1_000, exp: now - 100 }), /expired/);
  await refused(await hub.sign({ iat: now - 906, exp: now - 6 }), /expired/);
  await refused(await hub.sign({ iat: now + 60, exp: now + 600 }));
  await refused(await hub.sign({ iat: now - 1_000, exp: now + 86_400 }));
  await refused(await hub.sign({ nbf: now + 60 } as never));
  for (const name of ['exp', 'iat']) await refused(await hub.sign({ [name]: undefined } as never));
  // Clocks of two machines may differ by a little.
  await tokens.check(await hub.sign({ iat: now + 2, exp: now + 600 }));
  await tokens.check(await hub.sign({ iat: now - 902, exp: now - 2 }));
});

test('what lacks a claim, or has one of another form', async () => {
  for (const name of ['sub', 'name', 'role', 'sid', 'jti'])
    await refused(await hub.sign({ [name]: undefined } as never));
  for (const odd of [
    { role: 'root' },
    { role: ['admin'] },
    { sub: '' },
    { sub: 7 },
    { scope: ['a'] },
    { exp: 'never' },
  ])
    await refused(await hub.sign(odd as never));
});

test('a token that was found good ends all the same: expired, or its key is gone', async () => {
  const token = await hub.sign();
  await tokens.check(token);
  await clock.advance((tokenProfile.lifetime + 6) * 1_000);
  await refused(token, /expired/);

  const next = await hub.sign();
  await tokens.check(next);
  await hub.rotate('key-2');
  hub.retire('key-1');
  await clock.advance(300_000);
  await tokens.check(next);
  // The look at the keys went on in the background; with it the key is gone, and what it signed.
  while (hub.asked.jwks < 2) await new Promise((resolve) => setImmediate(resolve));
  await tokens.check(await hub.sign());
  await refused(next);
});

test('no token that was changed anywhere is good', async () => {
  const seed = Number(process.env.TOKEN_SEED) || Date.now() % 2 ** 31;
  console.log(`TOKEN_SEED=${seed}`);
  const good = await hub.sign();
  await tokens.check(good);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.nat(63), async (at, index) => {
      const letter = alphabet[index] ?? 'A';
      const changed = good.slice(0, at) + letter + good.slice(at + 1);
      // The last letter of each part has bits that carry nothing: another letter may spell the same bytes.
      const same = changed
        .split('.')
        .every((part, n) =>
          Buffer.from(part, 'base64url').equals(Buffer.from(good.split('.')[n] ?? '', 'base64url')),
        );
      if (!same) await refused(changed);
    }),
    { seed, numRuns: 400 },
  );
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 300, unit: 'grapheme' }), async (text) => refused(text)),
    { seed, numRuns: 200 },
  );
  await refused(`${good}${'A'.repeat(5_000)}`, /too long/);
});
