import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { eventually, freePort, startRedis } from '@labwright/kernel/testing';
import { createClient } from '@redis/client';
import { testLimitStore } from '../../conformance/index.ts';
import { tokenBucket } from '../../limit.ts';
import type { LimitStore } from '../../store.ts';
import { openRedisLimits } from './index.ts';

const redis = await startRedis();
const limit = tokenBucket({ rate: 1_000, seconds: 1 });

/** It connects in the background. */
async function connected(store: LimitStore): Promise<LimitStore> {
  await eventually('it is connected', () =>
    store.take([{ key: 'connected?', limit, cost: 1 }]).then(
      () => true,
      () => undefined,
    ),
  );
  return store;
}

if (redis)
  testLimitStore('Redis', async () => {
    const { url } = redis;
    const admin = createClient({ url });
    await admin.connect();
    return {
      open: (clock) => connected(openRedisLimits({ url, log: silentLog, ...(clock ? { clock } : {}) })),
      // Of the keys that have ended, too, until Redis comes upon them.
      size: async () => (await admin.keys('labwright:limit:*')).length,
      close: async () => {
        admin.destroy();
        await redis.stop();
      },
    };
  });
else test('limits in Redis', { skip: 'there is no redis-server on this machine' }, () => {});

test('a connection that is lost comes back, and a script that Redis has forgotten too', {
  skip: redis ? false : 'there is no redis-server on this machine',
}, async () => {
  const own = await startRedis();
  assert.ok(own);
  const store = await connected(openRedisLimits({ url: own.url, log: silentLog }));
  const admin = createClient({ url: own.url });
  await admin.connect();
  await admin.sendCommand(['SCRIPT', 'FLUSH']);
  assert.equal((await store.take([{ key: 'a', limit, cost: 1 }]))[0]?.waitUs, 0);
  await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
  await connected(store);
  await store.close();
  admin.destroy();
  await own.stop();
});

test('a Redis that is away is an error at once, and close ends the trying', async () => {
  const store = openRedisLimits({ url: `redis://127.0.0.1:${await freePort()}`, log: silentLog });
  const askedAt = performance.now();
  await assert.rejects(store.take([{ key: 'a', limit, cost: 1 }]));
  assert.ok(performance.now() - askedAt < 1_000);
  await store.close();
});
