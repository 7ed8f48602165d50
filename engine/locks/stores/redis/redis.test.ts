import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { eventually, freePort, startRedis } from '@labwright/kernel/testing';
import { createClient } from '@redis/client';
import { testLockStore } from '../../conformance/index.ts';
import { openRedisLocks } from './index.ts';

const redis = await startRedis();

if (redis)
  testLockStore('Redis', async () => {
    const { url } = redis;
    const admin = createClient({ url });
    await admin.connect();
    return {
      open: async () => {
        const store = await openRedisLocks({ url, log: silentLog });
        return { store, close: () => store.close() };
      },
      waiting: (key) => admin.zCard(`labwright:lock-line:{${key}}`),
      cutListeners: async () => {
        await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
      },
      close: async () => {
        admin.destroy();
        await redis.stop();
      },
    };
  });
else test('locks in Redis', { skip: 'there is no redis-server on this machine' }, () => {});

test('a connection that is lost comes back', {
  skip: redis ? false : 'there is no redis-server on this machine',
}, async () => {
  const own = await startRedis();
  assert.ok(own);
  const store = await openRedisLocks({ url: own.url, log: silentLog });
  const admin = createClient({ url: own.url });
  await admin.connect();
  const take = () => store.take({ key: 'a', holder: crypto.randomUUID(), ttlMs: 100, line: false });
  assert.ok((await take()).token);
  await admin.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes']);
  const again = await eventually(
    'it takes again',
    () =>
      take().then(
        ({ token }) => token ?? undefined,
        () => undefined,
      ),
    10_000,
  );
  assert.ok(again);
  await store.close();
  admin.destroy();
  await own.stop();
});

test('a Redis that is away is said at once', async () => {
  await assert.rejects(
    openRedisLocks({ url: `redis://127.0.0.1:${await freePort()}`, log: silentLog }),
    /ECONNREFUSED/,
  );
});
