/** Limits of the other services count the clients of the hub, and no client chooses by which address. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { vouchedBy, vouchFor } from '@labwright/contract-hub/identity/vouching';
import { readConfig } from '@labwright/kernel/config';
import { createTestDatabase, freePort } from '@labwright/kernel/testing';
import { limitSettings } from '@labwright/limits/http';
import { readUpSettings } from '../settings.ts';
import { up } from '../up.ts';
import { ask } from './testing/ask.ts';
import { openTown, setupToken, signIn, type Town } from './testing/town.ts';

const most = 100;
const narrow = { LIMITS_READ: `${most}/h window`, LIMITS_PEOPLE: '1' };
let town: Town;
let cookie: string;

before(async () => {
  town = await openTown({
    hubAccounts: true,
    behindProxy: true,
    limits: readConfig(limitSettings, narrow),
  });
  cookie = await signIn(town);
});
after(() => town.close());

/** How many requests the service says are left to the address that it counts for; undefined: it counts for none. */
async function left(url: string, headers: Record<string, string>): Promise<number | undefined> {
  const { status, headers: answered, text } = await ask(url, { headers: { cookie, ...headers } });
  assert.equal(status, 200, text);
  const found = /"read-address";r=(\d+)/.exec(String(answered.ratelimit));
  return found ? Number(found[1]) : undefined;
}

const behindProxy = (address: string) => ({ 'x-forwarded-for': address });
const services = () =>
  [
    [`${town.hub}/api/device-service/devices?limit=1`, `${town.devices}/devices?limit=1`],
    [`${town.hub}/api/workflow-service/workflows?limit=1`, `${town.workflows}/workflows?limit=1`],
  ] as const;

test('each client of the hub has a budget of its own at the other services', async () => {
  for (const [through] of services()) {
    assert.equal(await left(through, behindProxy('203.0.113.1')), most - 1);
    assert.equal(await left(through, behindProxy('203.0.113.1')), most - 2);
    assert.equal(await left(through, behindProxy('203.0.113.2')), most - 1);
    assert.equal(await left(through, behindProxy('2001:db8::7')), most - 1);
  }
});

test('what a client invents is not heard: not before what the proxy adds, not as the word of the hub', async () => {
  const victim = '198.51.100.9';
  const proofs = [
    victim,
    `${victim} `,
    `${victim} AAAA`,
    `${victim} ${createHmac('sha256', '').update(`labwright-client ${victim}`).digest('base64url')}`,
    vouchFor('a token of another laboratory')(victim)['labwright-client'] ?? '',
  ];
  for (const [through, direct] of services()) {
    for (const [sent, proof] of proofs.entries()) {
      // By way of the hub it is the attacker's own address that counts.
      const attacker = {
        ...behindProxy(`${victim}, 203.0.113.66`),
        'labwright-client': proof,
        'x-real-ip': victim,
        forwarded: `for=${victim}`,
      };
      assert.equal(await left(through, attacker), most - 1 - sent, proof);
      // Who asks the service itself, from this machine, is at no address that counts, whatever the headers say.
      assert.equal(await left(direct, attacker), undefined, proof);
    }
    assert.equal(
      await left(through, behindProxy(victim)),
      most - 1,
      'nobody has used up what is the victim’s',
    );
  }
});

test('a proof holds for the address that it was made for', async () => {
  const made = vouchFor('x'.repeat(32))('203.0.113.1')['labwright-client'] ?? '';
  const read = vouchedBy(['another token', 'x'.repeat(32)]);
  assert.equal(read({ 'labwright-client': made }), '203.0.113.1');
  assert.equal(read({ 'labwright-client': made.replace('113.1', '113.2') }), undefined);
  assert.equal(read({ 'labwright-client': `${made} more` }), undefined);
  assert.equal(read({}), undefined);
  assert.equal(vouchedBy([])({ 'labwright-client': made }), undefined);
});

test('a laboratory in one process needs to be told nothing for that', async () => {
  const home = await mkdtemp(join(tmpdir(), 'labwright-addresses-'));
  const databases = await Promise.all([1, 2, 3].map(() => createTestDatabase([])));
  const [device = '', workflow = '', hub = ''] = databases.map(({ url }) => url);
  const ports = [await freePort(), await freePort(), await freePort()].map(String);
  const laboratory = await up(
    readUpSettings({
      ...narrow,
      LABWRIGHT_HOME: home,
      LABWRIGHT_ACCOUNTS: '1',
      LABWRIGHT_SETUP_TOKEN: setupToken,
      TRUSTED_PROXIES: '127.0.0.1',
      DEVICE_DATABASE_URL: device,
      WORKFLOW_DATABASE_URL: workflow,
      HUB_DATABASE_URL: hub,
      DEVICE_SERVICE_PORT: ports[0],
      WORKFLOW_SERVICE_PORT: ports[1],
      HUB_SERVICE_PORT: ports[2],
    }),
    () => {},
  );
  try {
    await laboratory.start();
    const at = `http://127.0.0.1:${ports[2]}`;
    const own = { cookie: await signIn({ hub: at }) };
    for (const path of ['device-service/devices', 'workflow-service/workflows'])
      for (const client of ['203.0.113.1', '203.0.113.2'])
        assert.equal(await left(`${at}/api/${path}`, { ...own, ...behindProxy(client) }), most - 1, path);
  } finally {
    await laboratory.stop();
    for (const database of databases) await database.drop();
    await rm(home, { recursive: true, force: true });
  }
});
