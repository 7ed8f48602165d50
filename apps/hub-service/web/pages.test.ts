/** The pages as a browser gets them, and what it gets where there are none. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import { hostHubService } from '../service.ts';

let folder: string;
let database: TestDatabase;
let hub: Awaited<ReturnType<typeof hostHubService>>;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-pages-'));
  database = await createTestDatabase([]);
  hub = await hostHubService({
    databaseUrl: database.url,
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
    secretKey: randomBytes(32),
    files: { FILES_FOLDER: join(folder, 'files'), S3_BUCKET: undefined },
    webFolder: join(folder, 'dist'),
  });
});
after(async () => {
  await hub.stop();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const get = (url: string, headers: Record<string, string> = {}) =>
  hub.server.app.inject({ url, headers: { host: 'localhost', ...headers } });

test('without pages: what to do, and the laboratory goes on', async () => {
  const answer = await get('/ui/');
  assert.equal(answer.statusCode, 503);
  assert.match(String(answer.headers['content-type']), /^text\/html/);
  assert.match(answer.body, /npm run build -w @labwright\/web/);
  assert.match(answer.body, /http-equiv="refresh"/);
  assert.equal((await get('/health')).statusCode, 200);
});

test('pages that are built while it runs are there at once', async () => {
  const dist = join(folder, 'dist');
  await mkdir(join(dist, 'assets'), { recursive: true });
  await mkdir(join(dist, 'static'));
  await writeFile(join(dist, 'index.html'), '<script nonce="__NONCE__"></script><link nonce="__NONCE__">');
  await writeFile(join(dist, 'assets', 'main-abc.js'), 'console.log(1)');
  await writeFile(join(dist, 'assets', 'main-abc.js.br'), 'compressed');
  await writeFile(join(dist, 'static', 'favicon.svg'), '<svg/>');
  await writeFile(join(dist, 'sources.sha256'), 'secret');

  const home = await get('/');
  assert.deepEqual([home.statusCode, home.headers.location], [302, '/ui/']);
  assert.equal((await get('/ui')).headers.location, '/ui/');

  const [first, second] = [await get('/ui/'), await get('/ui/devices/x.y?status=busy')];
  for (const page of [first, second]) {
    assert.equal(page.statusCode, 200);
    assert.equal(page.headers['cache-control'], 'no-cache');
    const policy = String(page.headers['content-security-policy']);
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1];
    assert.ok(nonce);
    assert.equal(page.body, `<script nonce="${nonce}"></script><link nonce="${nonce}">`);
    // Programs for WebAssembly alone, never a script made of text.
    assert.doesNotMatch(policy.replace("'wasm-unsafe-eval'", ''), /unsafe|\*/);
    assert.match(policy, /default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
    assert.match(policy, /frame-ancestors 'none'/);
  }
  assert.notEqual(first.headers['content-security-policy'], second.headers['content-security-policy']);

  const script = await get('/ui/assets/main-abc.js');
  assert.equal(script.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.match(String(script.headers['content-type']), /javascript/);
  assert.equal(script.headers['x-content-type-options'], 'nosniff');
  const compressed = await get('/ui/assets/main-abc.js', { 'accept-encoding': 'br' });
  assert.deepEqual([compressed.headers['content-encoding'], compressed.body], ['br', 'compressed']);
  assert.equal((await get('/ui/static/favicon.svg')).headers['cache-control'], 'no-cache');
});

test('a script that is gone is 404, and nothing beside the pages is given out', async () => {
  assert.equal((await get('/ui/assets/gone.js')).statusCode, 404);
  for (const path of [
    '/ui/assets/../sources.sha256',
    '/ui/assets/..%2fsources.sha256',
    '/ui/static/%2e%2e/index.html',
  ]) {
    const answer = await get(path);
    assert.ok(!answer.body.includes('secret') && !answer.body.includes('__NONCE__'), path);
  }
});
