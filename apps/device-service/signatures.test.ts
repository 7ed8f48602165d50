/** An electronic signature from end to end: signed with the hub's key, checked here with its public half, kept with what was signed. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { verifyChain } from '@labwright/audit';
import {
  type SignatureClaims,
  signatureProfile,
  signatureVerifier,
} from '@labwright/contract-hub/signatures';
import { devicesMigrations } from '@labwright/devices';
import type { Principal } from '@labwright/kernel/identity';
import { silentLog } from '@labwright/kernel/log';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { hostDeviceService } from './service.ts';

const ann: Principal = { id: 'ann', kind: 'user', name: 'Ann Ames', role: 'admin', scopes: null };
const keys = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
const { x = '' } = await exportJWK(keys.publicKey);
const jwk = { kty: 'OKP', crv: 'Ed25519', kid: 'k1', x, use: 'sig', alg: 'EdDSA' } as const;

let folder: string;
let database: TestDatabase;
let host: Awaited<ReturnType<typeof hostDeviceService>>;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-signatures-'));
  database = await createTestDatabase(devicesMigrations);
  host = await hostDeviceService({
    databaseUrl: database.url,
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
    instrumentsFolder: join(folder, 'instruments'),
    identity: {
      name: 'identity',
      authenticate: async () => ann,
      start: async () => {},
      stop: async () => {},
    },
    audit: {
      reasons: 'accounts',
      signatures: ['operation.abort'],
      verify: signatureVerifier({ jwks: async () => ({ keys: [jwk] }) }),
    },
  });
  await host.start();
});
after(async () => {
  await host.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const call = async (method: 'GET' | 'POST', url: string, payload?: object) => {
  const answer = await host.server.app.inject({ method, url, ...(payload ? { payload } : {}) });
  return { status: answer.statusCode, body: answer.json() };
};

function sign(over: Partial<SignatureClaims> = {}): Promise<string> {
  const iat = Math.floor(Date.now() / 1_000);
  const claims: SignatureClaims = {
    iss: signatureProfile.issuer,
    aud: signatureProfile.audience,
    sub: ann.id,
    name: ann.name,
    jti: randomUUID(),
    iat,
    exp: iat + signatureProfile.lifetime,
    meaning: 'I take responsibility',
    action: 'operation.abort',
    subject: 'device:m1',
    ...over,
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', typ: signatureProfile.type, kid: 'k1' })
    .sign(keys.privateKey);
}

test('an abort is signed: refused without, carried out and on record with, and refused a second time', async () => {
  const made = await call('POST', '/devices', {
    id: 'm1',
    name: 'm1',
    type: 'plate_sealer',
    settings: { speed: 0.01 },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  await call('POST', '/devices/m1/book', { workflow_id: 'w1' });
  const run = () =>
    call('POST', '/devices/m1/execute', { workflow_id: 'w1', operation: 'seal_plate', wait_seconds: 0 });
  assert.equal((await run()).status, 202);
  const abort = (body: object) => call('POST', '/devices/m1/abort', { wait_seconds: 20, ...body });
  const reason = 'it smokes';
  const codes = [];
  for (const body of [
    {},
    { reason },
    { reason, signature: 'nonsense' },
    { reason, signature: await sign({ subject: 'device:m2' }) },
    { reason, signature: await sign({ sub: 'bob' }) },
  ]) {
    const { status, body: problem } = await abort(body);
    codes.push(`${status} ${problem.code}`);
  }
  assert.deepEqual(codes, [
    '422 reason_required',
    '422 signature_required',
    '422 signature_invalid',
    '422 signature_invalid',
    '422 signature_invalid',
  ]);

  const signature = await sign();
  const done = await abort({ reason, signature });
  assert.equal(done.status, 200, JSON.stringify(done.body));
  const { entries } = (await call('GET', '/audit?action=operation.abort')).body;
  assert.equal(entries.length, 1);
  const [entry] = entries;
  assert.deepEqual(
    [entry.actor.id, entry.reason, entry.signature.name, entry.signature.meaning, entry.signature.statement],
    ['ann', reason, 'Ann Ames', 'I take responsibility', signature],
  );
  assert.equal((await run()).status, 202);
  assert.equal((await abort({ reason, signature })).body.code, 'signature_used');
  assert.equal((await abort({ reason, signature: await sign() })).status, 200);
  assert.deepEqual((await verifyChain(database.db)).faults, []);
});
