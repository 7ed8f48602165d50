import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../log.ts';
import { networksOf } from '../networks.ts';
import { createMetrics } from '../telemetry.ts';
import { createTestDatabase } from '../testing/index.ts';
import { clientAddress } from './client-address.ts';
import { createHttpServer } from './index.ts';

const trusted = networksOf(['10.0.0.0/8', '127.0.0.1', 'fd00::/8']);
const client = (peer: string, forwarded?: string | string[]) => clientAddress(peer, forwarded, trusted);

test('without trusted proxies nothing that is forwarded is believed', () => {
  assert.equal(clientAddress('10.0.0.1', '203.0.113.7', undefined), '10.0.0.1');
});

test('only a trusted proxy is believed', () => {
  assert.equal(client('10.0.0.1', '203.0.113.7'), '203.0.113.7');
  assert.equal(client('::ffff:10.0.0.1', '203.0.113.7'), '203.0.113.7');
  assert.equal(client('198.51.100.1', '203.0.113.7'), '198.51.100.1');
  assert.equal(client('10.0.0.1'), '10.0.0.1');
});

test('what a client invents stands before the address that the proxy has added, and is not looked at', () => {
  assert.equal(client('10.0.0.1', '127.0.0.1, 10.9.9.9, 203.0.113.7'), '203.0.113.7');
  assert.equal(client('10.0.0.1', 'nonsense, 203.0.113.7, 10.0.0.2'), '203.0.113.7');
});

test('what is no address ends the search at the last one that was', () => {
  assert.equal(client('10.0.0.1', '203.0.113.7, unknown'), '10.0.0.1');
  assert.equal(client('10.0.0.1', '203.0.113.7, unknown, 10.0.0.2'), '10.0.0.2');
  assert.equal(client('10.0.0.1', ''), '10.0.0.1');
});

test('ports and brackets belong to no address', () => {
  assert.equal(client('10.0.0.1', '203.0.113.7:4711'), '203.0.113.7');
  assert.equal(client('fd00::1', '[2001:db8::1]:4711'), '2001:db8::1');
  assert.equal(client('fd00::1', '2001:db8::1'), '2001:db8::1');
});

test('several headers are one list', () => {
  assert.equal(client('10.0.0.1', ['198.51.100.1', '203.0.113.7']), '203.0.113.7');
});

test('a request behind a trusted proxy has the address and the scheme of its client; any other has what it has', async () => {
  const database = await createTestDatabase([]);
  const server = await createHttpServer({
    name: 'test-service',
    version: '1',
    description: '',
    log: silentLog,
    db: database.db,
    metrics: createMetrics('test-service'),
    errors: [],
    trustedProxies: trusted,
    routes: (app) => {
      app.get('/me', { config: { access: 'public' } }, ({ ip, protocol }) => ({ ip, protocol }));
    },
  });
  const headers = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' };
  const ask = async (remoteAddress: string) =>
    (await server.app.inject({ url: '/me', remoteAddress, headers })).json();
  assert.deepEqual(await ask('10.0.0.1'), { ip: '203.0.113.7', protocol: 'https' });
  assert.deepEqual(await ask('198.51.100.1'), { ip: '198.51.100.1', protocol: 'http' });
  await server.close();
  await database.drop();
});
