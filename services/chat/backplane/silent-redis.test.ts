import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { eventually, openProxy, startRedis } from '@labwright/kernel/testing';
import { redisBackplane } from '../index.ts';
import { openChat } from '../testing/open-chat.ts';

const redis = await startRedis();
after(() => redis?.stop());

test('a Redis that falls silent without a word is noticed, and told by way of another connection', {
  skip: redis ? false : 'redis-server is not on this machine',
}, async () => {
  assert.ok(redis);
  const { hostname, port } = new URL(redis.url);
  const network = await openProxy({ host: hostname, port: Number(port) });
  const prefix = `lw-test-${randomUUID()}`;
  const far = await openChat({ backplane: redisBackplane(network.through(redis.url), prefix) });
  const near = await far.another({ backplane: redisBackplane(redis.url, prefix) });
  const seen = new Set<unknown>();
  const client = far.client('ada/viewer', { onLive: ({ data }) => void seen.add(data) });
  client.watch('lab');
  const tell = (what: string) => {
    near.chat.live.publish('lab', { type: 'test.told', data: what });
    return seen.has(what) || undefined;
  };
  await eventually('it is told before', async () => tell('before'));
  // What is on its way vanishes, and no connection ends: what was open is dead, and nobody says so.
  network.weather = 'drop';
  for (let n = 0; n < 3_000; n += 1) far.chat.live.publish('lab', { type: 'test.told', data: `lost ${n}` });
  tell('lost');
  network.weather = 'pass';
  await eventually('it is told again', async () => tell('again'));
  await far.close();
  await network.close();
});
