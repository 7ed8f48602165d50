import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '@labwright/kernel/command-line';
import { openLab, placesOf } from './open-lab.ts';

test('one address is enough, each can be named by itself, and without any they are on this machine', () => {
  const urls = (...given: Parameters<typeof placesOf>) =>
    Object.values(placesOf(...given)).map(({ url }) => url);
  assert.deepEqual(urls({}, {}), ['http://localhost:5000', 'http://localhost:5001', 'http://localhost:5002']);
  assert.deepEqual(urls({ url: 'https://Lab.example.org:443/' }, { LABWRIGHT_WORKFLOW_URL: 'http://w:1' }), [
    'https://lab.example.org',
    'https://lab.example.org/api/device-service',
    'http://w:1',
  ]);
  assert.equal(urls({}, { DEVICE_SERVICE_PORT: '7001' })[1], 'http://localhost:7001');
});

test('a port that is none: which setting, before anything is asked', () => {
  for (const port of ['abc', '70000', '0', '50 00'])
    assert.throws(
      () => openLab({}, { DEVICE_SERVICE_PORT: port }),
      (error) => error instanceof UsageError && /^DEVICE_SERVICE_PORT is /.test(error.message),
    );
  // Nobody asks there.
  openLab({ url: 'http://localhost:5000' }, { DEVICE_SERVICE_PORT: 'abc' });
});

test('a token that no request can carry is refused before anything is asked, and not told; a line end behind it is none of it', async () => {
  for (const [values, name] of [
    [{ token: 'lw_secret\nother' }, '--token'],
    [{}, 'LABWRIGHT_TOKEN'],
  ] as const)
    assert.throws(
      () => openLab(values, { LABWRIGHT_TOKEN: 'lw_sécret other' }),
      (error) =>
        error instanceof UsageError &&
        error.message.startsWith(`${name} holds more than a token`) &&
        !/lw_/.test(error.message),
    );
  const { hub } = openLab({}, { LABWRIGHT_TOKEN: 'lw_secret\r\n' });
  assert.equal(await hub.token(false), 'lw_secret');
});
