/** The other services at the address of the hub: what goes through, and what does not get any further by it. */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { eventually } from '@labwright/kernel/testing';
import { ask } from './testing/ask.ts';
import { openTown, signIn, type Town } from './testing/town.ts';

/** What a browser sends of its own page. */
const fromOwnPage = (hub: string) => ({
  origin: hub,
  'sec-fetch-site': 'same-origin',
  'sec-fetch-mode': 'cors',
});
const fromElsewhere = {
  origin: 'https://elsewhere.example',
  'sec-fetch-site': 'cross-site',
  'sec-fetch-mode': 'cors',
};

describe('a laboratory without accounts', () => {
  let town: Town;
  let api: string;
  before(async () => {
    town = await openTown();
    api = `${town.hub}/api`;
  });
  after(() => town.close());

  test('an answer is the one of the service, with its headers', async () => {
    const direct = await ask(`${town.devices}/devices?limit=3`);
    const through = await ask(`${api}/device-service/devices?limit=3`, {
      headers: { 'x-request-id': 'seen-by-all' },
    });
    assert.equal(through.status, 200);
    assert.deepEqual(through.body, direct.body);
    assert.equal(through.headers['x-request-id'], 'seen-by-all');
    const missing = await ask(`${api}/workflow-service/workflows/none`);
    assert.deepEqual([missing.status, missing.body.code], [404, 'workflow_not_found']);
    assert.match(String(missing.headers['content-type']), /^application\/problem\+json/);
    assert.equal((await ask(`${api}/device-service/no/such/route`)).status, 404);
  });

  test('a whole address in place of a path leads nowhere else', async () => {
    const asked: string[] = [];
    const elsewhere = createServer((request, answer) => {
      asked.push(request.url ?? '');
      answer.end('{}');
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const { port } = elsewhere.address() as AddressInfo;
    const { hostname, port: hubPort } = new URL(town.hub);
    // What stands before the @ is as long as the prefix that the gateway takes away.
    const user = 'a'.repeat('/api/device-service'.length - 'http://'.length);
    for (const path of [
      `http://${user}@127.0.0.1:${port}/api/device-service/devices`,
      `http://${hostname}/api/device-service/devices`,
      '/api/%64evice-service/devices',
    ]) {
      const status = await new Promise<number | undefined>((resolve, reject) => {
        request({ hostname, port: hubPort, path }, (answer) => resolve(answer.resume().statusCode))
          .once('error', reject)
          .end();
      });
      assert.deepEqual([status, asked], [404, []], path);
    }
    elsewhere.close();
  });

  test('a browser of the page itself may do everything', async () => {
    const headers = fromOwnPage(town.hub);
    const body = { name: 'By hand', device_id: 'incubator-1', steps: ['incubate'] };
    const made = await ask(`${api}/workflow-service/workflows`, { method: 'POST', headers, body });
    assert.equal(made.status, 201, made.text);
    const changed = await ask(`${api}/device-service/devices/incubator-2`, {
      method: 'PATCH',
      headers,
      body: { location: 'Bench Z' },
    });
    assert.equal(changed.body.device.location, 'Bench Z');
  });

  test('a key makes a repeat harmless, over there', async () => {
    const again = () =>
      ask(`${api}/workflow-service/workflows`, {
        method: 'POST',
        headers: { 'idempotency-key': 'once-through-the-gateway' },
        body: { name: 'Once', device_id: 'incubator-1', steps: ['incubate'] },
      });
    const [first, second] = [await again(), await again()];
    assert.equal(first.body.id, second.body.id);
    assert.equal(second.headers['idempotency-replayed'], 'true');
  });

  test('files and exports are streamed, whatever their type', async () => {
    const csv = 'barcode,sample_type,plate_id,well,volume_ul\nGATE-1,blood,PLATE-GATE,A1,50\n';
    const imported = await ask(`${api}/workflow-service/samples/import?create_plates=true`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: csv,
    });
    assert.deepEqual([imported.status, imported.body.imported], [200, 1], imported.text);
    for (const type of ['text/csv', 'application/x-ndjson']) {
      const found = await ask(`${api}/device-service/execution-logs/search?start=2025-01-01&end=2025-03-01`, {
        headers: { accept: type },
      });
      assert.match(String(found.headers['content-type']), new RegExp(`^${type}`));
      assert.ok(found.text.split('\n').length > 100);
    }
  });

  test('a page of another site, another name of this machine, and what a proxy says are refused', async () => {
    const url = `${api}/device-service/devices`;
    for (const headers of [fromElsewhere, { host: 'evil.example' }, { 'x-forwarded-for': '127.0.0.1' }]) {
      const { status, body } = await ask(url, { headers });
      assert.equal(status, 403, JSON.stringify(headers));
      assert.match(body.code, /^(forbidden|cross_site_request)$/);
    }
  });

  test('a service that is away: 503 with what to do', async () => {
    const other = await openTown({ devicesAt: 'http://127.0.0.1:9' });
    try {
      const { status, body, headers } = await ask(`${other.hub}/api/device-service/devices`);
      assert.deepEqual([status, body.code], [503, 'service_away']);
      assert.match(body.error, /device-service cannot be reached; nothing was done/);
      assert.ok(headers['retry-after']);
    } finally {
      await other.close();
    }
  });
});

describe('a laboratory with accounts', () => {
  let town: Town;
  let devices: string;
  let cookie: string;
  before(async () => {
    town = await openTown({ hubAccounts: true });
    devices = `${town.hub}/api/device-service/devices`;
    cookie = await signIn(town);
  });
  after(() => town.close());

  test('nobody stays nobody', async () => {
    for (const headers of [
      {},
      fromOwnPage(town.hub),
      { 'x-forwarded-for': '127.0.0.1' },
      { via: '1.1 hub' },
    ] as const) {
      const { status, body } = await ask(devices, { headers: { ...headers } });
      assert.deepEqual([status, body.code], [401, 'unauthenticated']);
    }
    const wrong = await ask(devices, { headers: { authorization: 'Bearer nonsense' } });
    assert.equal(wrong.status, 401);
  });

  test('who signed in is known over there by the cookie, and a token by its header', async () => {
    const page = { cookie, ...fromOwnPage(town.hub) };
    assert.equal((await ask(devices, { headers: page })).status, 200);
    const made = await ask(`${town.hub}/api-tokens`, {
      method: 'POST',
      headers: page,
      body: { name: 'reads', role: 'viewer', scopes: ['devices:read'] },
    });
    assert.equal(made.status, 201, made.text);
    const headers = { authorization: `Bearer ${made.body.token}` };
    assert.equal((await ask(devices, { headers })).status, 200);
    const change = await ask(`${devices}/incubator-1`, { method: 'PATCH', headers, body: { paused: true } });
    assert.equal(change.status, 403, 'the service itself decides what a token may do');
    const elsewhere = await ask(`${town.hub}/api/workflow-service/workflows`, { headers });
    assert.equal(elsewhere.status, 403);
  });

  test('a page of another site gets nothing by the cookie', async () => {
    for (const method of ['GET', 'POST']) {
      const { status, body } = await ask(devices, { method, headers: { cookie, ...fromElsewhere } });
      assert.deepEqual([status, body.code], [403, 'cross_site_request'], method);
    }
  });

  test('a service that trusts its own machine does not take who signed in for somebody who sits there', async () => {
    const careless = await openTown({ hubAccounts: true, othersAsk: false });
    try {
      assert.equal((await ask(`${careless.devices}/devices`)).status, 200, 'it does trust this machine');
      const { status, body } = await ask(`${careless.hub}/api/device-service/devices`, {
        headers: { cookie: await signIn(careless) },
      });
      assert.deepEqual([status, body.code], [403, 'forbidden']);
    } finally {
      await careless.close();
    }
  });
});

describe('what the other side sees and does', () => {
  let town: Town;
  let seen: IncomingHttpHeaders = {};
  let given: Promise<void> | undefined;
  const other = createServer((incoming, answer) => {
    seen = incoming.headers;
    if (incoming.url === '/breaks') return void incoming.socket.destroy();
    if (incoming.url === '/endless') {
      given = new Promise((resolve) => answer.once('close', resolve));
      answer.write('begun\n');
      return;
    }
    answer.writeHead(201, {
      location: '/devices/new',
      'x-request-id': String(incoming.headers['x-request-id']),
    });
    answer.end();
  });
  before(async () => {
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    assert.ok(typeof address === 'object' && address);
    town = await openTown({ devicesAt: `http://127.0.0.1:${address.port}` });
  });
  after(async () => {
    await town.close();
    other.closeAllConnections();
    other.close();
  });

  test('credentials, keys, versions and the trace go on; nothing else of a browser does', async () => {
    const trace = '0123456789abcdef0123456789abcdef';
    const answer = await ask(`${town.hub}/api/device-service/any%2Fpath?x=%20`, {
      method: 'PUT',
      headers: {
        authorization: 'Bearer token',
        cookie: 'other=1; labwright_access=mine; labwright_refresh=secret',
        'idempotency-key': 'k',
        'if-match': '"7"',
        traceparent: `00-${trace}-0123456789abcdef-01`,
        'x-request-id': 'mine',
        'labwright-on-behalf-of': 'forged',
      },
    });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.location, '/api/device-service/devices/new');
    assert.deepEqual(
      [seen.authorization, seen['idempotency-key'], seen['if-match'], seen['x-request-id']],
      ['Bearer token', 'k', '"7"', 'mine'],
    );
    assert.match(String(seen.traceparent), new RegExp(`^00-${trace}-`));
    for (const name of ['cookie', 'origin', 'labwright-on-behalf-of', 'x-forwarded-for', 'x-forwarded-host'])
      assert.equal(seen[name], undefined, name);
    await ask(`${town.hub}/api/device-service/x`, { headers: { cookie: 'other=1; labwright_access=mine' } });
    assert.equal(seen.cookie, 'labwright_access=mine');
  });

  test('a connection that breaks before the answer: whether it was done is not known', async () => {
    const { status, body } = await ask(`${town.hub}/api/device-service/breaks`, { method: 'POST', body: {} });
    assert.deepEqual([status, body.code], [504, 'service_silent']);
    assert.match(body.error, /whether it was done is not known/);
  });

  test('a caller who goes away in the middle ends the request over there', async () => {
    await new Promise<void>((resolve, reject) => {
      const asked = request(`${town.hub}/api/device-service/endless`, { agent: false }, (response) => {
        response.once('data', () => {
          response.destroy();
          resolve();
        });
      });
      asked.once('error', reject);
      asked.end();
    });
    const begun = await eventually('the request was begun over there', async () => given && { ended: given });
    await begun.ended;
  });
});
