import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowing, isPublic } from './addresses.ts';

test('private, loopback, link-local and other special addresses are not public, however they are spelt', () => {
  for (const address of [
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '192.0.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    '0:0:0:0:0:0:0:1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'fc00::1',
    'fdff::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '0:0:0:0:0:ffff:10.0.0.1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '2001::1',
    '2002:7f00:1::1',
    '2001:db8::1',
    'localhost',
    '',
    '2130706433',
    '0x7f.1',
  ])
    assert.equal(isPublic(address), false, address);
});

test('public addresses are public', () => {
  for (const address of [
    '8.8.8.8',
    '1.1.1.1',
    '172.32.0.1',
    '172.15.255.255',
    '192.169.0.1',
    '100.128.0.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450:4001::1',
    '::ffff:8.8.8.8',
  ])
    assert.equal(isPublic(address), true, address);
});

test('networks that are allowed are, and no other', () => {
  const rule = allowing(['10.1.0.0/16', '::1', '192.168.7.7']);
  assert.deepEqual(['10.1.2.3', '::ffff:10.1.2.3', '::1', '192.168.7.7', '8.8.8.8'].map(rule), [
    true,
    true,
    true,
    true,
    true,
  ]);
  assert.deepEqual(['10.2.0.1', '127.0.0.1', 'fe80::1', '192.168.7.8', 'x'].map(rule), [
    false,
    false,
    false,
    false,
    false,
  ]);
  for (const wrong of ['10.0.0.0/33', 'localhost', '10.0.0.0/8/8', '10.0.0.0/x', ''])
    assert.throws(() => allowing([wrong]), /is no network/);
});
