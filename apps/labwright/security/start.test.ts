/** Which starts are refused, and what a service that runs alone lets in: real processes. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { compileCache } from '@labwright/kernel/testing';

let home: string;
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'labwright-start-'));
});
after(() => rm(home, { recursive: true, force: true }));

const nowhere = 'postgres://nobody@127.0.0.1:1/none';
const start = (script: string, env: Record<string, string>, args: string[] = []) =>
  new Promise<{ code: number | null; said: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      [new URL(`../../${script}`, import.meta.url).pathname, ...args],
      {
        env: {
          PATH: process.env.PATH,
          NODE_COMPILE_CACHE: compileCache,
          LABWRIGHT_HOME: home,
          DEVICE_DATABASE_URL: nowhere,
          WORKFLOW_DATABASE_URL: nowhere,
          HUB_DATABASE_URL: nowhere,
          DEVICE_SERVICE_URL: 'http://127.0.0.1:1',
          ...env,
        },
        timeout: 60_000,
      },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, said: stdout + stderr }),
    );
  });

const services = [
  ['device-service/main.ts', /Set HUB_URL and SERVICE_TOKEN/],
  ['workflow-service/main.ts', /Set HUB_URL and SERVICE_TOKEN/],
  ['hub-service/main.ts', /Set LABWRIGHT_ACCOUNTS=1/],
] as const;

for (const [script, remedy] of services)
  test(`${script} does not start where others can reach it and nobody has an account`, async () => {
    const { code, said } = await start(script, { HOST: '0.0.0.0' });
    assert.equal(code, 2, said);
    assert.match(said, remedy);
    assert.match(said, /leave HOST at 127\.0\.0\.1/);
    // A sentence, not a stack.
    assert.doesNotMatch(said, /\n +at /);
    // On loopback it is its database that is missing, and nothing else.
    assert.match((await start(script, { HOST: '127.0.0.1' })).said, /cannot reach its database/);
  });

test('a proxy that is trusted brings in others too: not without accounts', async () => {
  for (const [script] of services) {
    const { code, said } = await start(script, { TRUSTED_PROXIES: '127.0.0.1' });
    assert.equal(code, 2, said);
    assert.match(said, /TRUSTED_PROXIES is set.*has no accounts/);
  }
  const wrong = await start(services[0][0], { TRUSTED_PROXIES: '10.0.0.0/33' });
  assert.equal(wrong.code, 2);
  assert.match(wrong.said, /TRUSTED_PROXIES must name networks: "10\.0\.0\.0\/33" is no network/);
});

test('labwright up does not start for others without accounts', async () => {
  const { code, said } = await start('labwright/main.ts', { HOST: '0.0.0.0' }, ['up']);
  assert.notEqual(code, 0);
  assert.match(said, /has no accounts/);
});

test('half of what a service needs to ask the hub is refused, and a short secret', async () => {
  const [script] = services[0];
  const secret = 'x'.repeat(32);
  assert.match((await start(script, { HUB_URL: 'http://127.0.0.1:1' })).said, /SERVICE_TOKEN is missing/);
  assert.match((await start(script, { SERVICE_TOKEN: secret })).said, /HUB_URL is missing/);
  const short = await start(script, { HUB_URL: 'http://127.0.0.1:1', SERVICE_TOKEN: `${secret},short-one` });
  assert.equal(short.code, 2);
  assert.match(short.said, /at least 32 characters/);
  assert.doesNotMatch(short.said, /short-one/);
  const whole = await start(script, {
    HOST: '0.0.0.0',
    HUB_URL: 'http://127.0.0.1:1',
    SERVICE_TOKEN: secret,
  });
  assert.match(whole.said, /cannot reach its database/);
});
