import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { type ManualClock, manualClock } from '@labwright/kernel/clock';
import { silentLog } from '@labwright/kernel/log';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { days, minutes } from '../deps.ts';
import { accountsMigrations } from '../index.ts';
import type { UserRow } from '../people/user-row.ts';
import { createVault } from '../secrets/vault.ts';
import { accessToken } from './access-token.ts';
import { signingKeys } from './signing-keys.ts';

let database: TestDatabase;
let clock: ManualClock;
const secret = randomBytes(32);
before(async () => {
  database = await createTestDatabase([accountsMigrations]);
});
after(() => database.drop());
beforeEach(() => {
  clock = manualClock(Date.now());
});
afterEach(() => database.db.raw('DELETE FROM signing_keys'));

const hub = (key = secret) =>
  signingKeys({ db: database.db, vault: createVault(key), clock, log: silentLog });
const user = { id: 'u', name: 'Ada', role: 'viewer', revoked_until: null } as UserRow;
const tokenOf = async (keys: ReturnType<typeof hub>) => (await accessToken({ keys, clock }, user, 's')).token;

test('processes that start at once have one key', async () => {
  const kids = await Promise.all(
    Array.from({ length: 5 }, async () => (await hub().jwks()).keys.map(({ kid }) => kid)),
  );
  assert.equal(new Set(kids.flat()).size, 1);
});

test('keys change each month: the next one is known an hour before, the last one until its tokens are over', async () => {
  const keys = hub();
  const other = hub();
  const seen = new Set<string>();
  for (let turn = 0; turn < 70 * 12; turn += 1) {
    const token = await tokenOf(turn % 2 === 0 ? keys : other);
    seen.add(decodeProtectedHeader(token).kid ?? '');
    // Whoever has known the keys for five minutes, and asks again only then, always knows enough.
    const known = await (turn % 2 === 0 ? other : keys).jwks();
    const { payload } = await jwtVerify(token, createLocalJWKSet(known), {
      currentDate: new Date(clock.now()),
    });
    assert.equal(payload.sub, 'u');
    await clock.advance(14 * minutes);
    const still = createLocalJWKSet(await keys.jwks());
    await jwtVerify(token, still, { currentDate: new Date(clock.now()) });
    await clock.advance(106 * minutes);
    await keys.rotate();
    assert.ok((await keys.jwks()).keys.length <= 2);
  }
  assert.equal(seen.size, 3);
});

test('a private key is not readable in the database; with another secret key a new one is made', async () => {
  const keys = hub();
  const before = await tokenOf(keys);
  const stored = await database.db.query<{ private_key: string }>({
    name: 'test.keys',
    text: 'SELECT private_key FROM signing_keys',
    schema: null,
  });
  assert.equal(stored.length, 1);
  assert.doesNotMatch(Buffer.from(stored[0]?.private_key ?? '', 'base64url').toString('latin1'), /"d":|OKP/);
  const stranger = hub(randomBytes(32));
  const after = await tokenOf(stranger);
  assert.notEqual(decodeProtectedHeader(after).kid, decodeProtectedHeader(before).kid);
  const all = createLocalJWKSet(await stranger.jwks());
  for (const token of [before, after]) await jwtVerify(token, all, { currentDate: new Date(clock.now()) });
  await clock.advance(1 * days);
});

test('what was sealed opens with its key and for its purpose alone, and not when a bit of it was changed', () => {
  const vault = createVault(secret);
  const sealed = vault.seal('the secret', 'a');
  assert.equal(vault.open(sealed, 'a'), 'the secret');
  assert.notEqual(vault.seal('the secret', 'a'), sealed);
  assert.equal(vault.open(sealed, 'b'), undefined);
  assert.equal(createVault(randomBytes(32)).open(sealed, 'a'), undefined);
  const bytes = Buffer.from(sealed, 'base64url');
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.equal(vault.open(changed.toString('base64url'), 'a'), undefined, `byte ${at}`);
  }
  assert.equal(vault.open('', 'a'), undefined);
});
