import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressKey } from './http/address.ts';
import { parseLimit, slidingWindow, tokenBucket, widened } from './limit.ts';

test('limits are read as people write them', () => {
  assert.deepEqual(parseLimit('200/s'), tokenBucket({ rate: 200, seconds: 1 }));
  assert.deepEqual(parseLimit('200/1s burst 2000'), tokenBucket({ rate: 200, seconds: 1, burst: 2_000 }));
  assert.deepEqual(parseLimit('30/10m window'), slidingWindow({ most: 30, seconds: 600 }));
  assert.equal(parseLimit('200/1s burst 2000').seconds, 10);
  for (const bad of ['', '200', '200/w', '0/s', '1/2d', '200/s burst', '-1/s', '5/m burst 0', '1000000/s'])
    assert.throws(() => parseLimit(bad), /^Error: (must look like|cannot be)/, bad);
});

test('a wider limit lets through so many times as much', () => {
  assert.deepEqual(
    widened(tokenBucket({ rate: 200, seconds: 1, burst: 2_000 }), 5),
    tokenBucket({ rate: 1_000, seconds: 1, burst: 10_000 }),
  );
  assert.deepEqual(
    widened(slidingWindow({ most: 3, seconds: 60 }), 2),
    slidingWindow({ most: 6, seconds: 60 }),
  );
  assert.throws(() => widened(tokenBucket({ rate: 1_000, seconds: 1, burst: 1_000_000 }), 2), RangeError);
});

test('whoever has an IPv6 address has all that begin like it; IPv4 is the same however it is written', () => {
  assert.equal(addressKey('192.0.2.7'), '192.0.2.7');
  assert.equal(addressKey('::ffff:192.0.2.7'), '192.0.2.7');
  assert.equal(addressKey('2001:db8:1:2:aaaa::1'), addressKey('2001:0db8:1:2::ffff'));
  assert.notEqual(addressKey('2001:db8:1:2::1'), addressKey('2001:db8:1:3::1'));
  assert.equal(addressKey('2001:db8::1'), '2001:db8:0:0::/64');
  assert.equal(addressKey('fe80::1%eth0'), addressKey('fe80::2'));
});
