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
