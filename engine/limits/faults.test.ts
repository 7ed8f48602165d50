/** Real servers behind a network that a test spoils: what the limiter then says is in time, and as configured. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '@labwright/kernel/clock';
import { openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import {
  createTestDatabase,
  eventually,
  openProxy,
  startRedis,
  type TestDatabase,
  type TestProxy,
} from '@labwright/kernel/testing';
import type { LimitStore } from './store.ts';
import { limitsMigrations, postgresLimits } from './stores/postgres/index.ts';
import { openRedisLimits } from './stores/redis/index.ts';
import { type LimitedServer, startLimited } from './testing/server.ts';

const redis = await startRedis();

interface Behind {
  store: LimitStore;
  proxy: TestProxy;
}

async function behindRedis(): Promise<Behind> {
  assert.ok(redis);
  const proxy = await openProxy({ host: '127.0.0.1', port: Number(new URL(redis.url).port) });
  return { proxy, store: openRedisLimits({ url: proxy.through(redis.url), log: silentLog }) };
}

async function behindPostgres(database: TestDatabase): Promise<Behind> {
  const { hostname, port } = new URL(database.url);
  const proxy = await openProxy({ host: hostname, port: Number(port || 5432) });
  const db = openDb({
    url: proxy.through(database.url),
    applicationName: 'limits',
    max: 2,
    statementTimeout: 1_000,
    answerTimeout: 500,
    connectTimeout: 1_000,
  });
  return { proxy, store: { ...postgresLimits(db), close: () => db.close() } };
}

for (const name of ['Redis', 'PostgreSQL'] as const)
  describe(`a ${name} that is away`, {
    skip: name === 'Redis' && !redis ? 'there is no redis-server' : false,
  }, () => {
    let database: TestDatabase;
    before(async () => {
      database = await createTestDatabase([limitsMigrations]);
    });
    after(async () => {
      await database.drop();
      if (name === 'Redis') await redis?.stop();
    });

    for (const whenDown of ['open', 'closed'] as const)
      test(`${whenDown}: silent, stalled or cut off, nobody waits long, and it counts again afterwards`, async () => {
        const { store, proxy } = name === 'Redis' ? await behindRedis() : await behindPostgres(database);
        const limited = await startLimited({ database, store, clock: systemClock, whenDown });
        const ask = (who: string) => limited.ask('GET', '/thing', { who: `user:${who}` });
        await counting(limited, `first-${whenDown}`);
        for (const weather of ['drop', 'hold', 'reset'] as const) {
          if (weather === 'reset') {
            // Nobody answers at the other end either.
            proxy.weather = 'drop';
            proxy.reset();
          } else proxy.weather = weather;
          const begun = performance.now();
          const answers = await Promise.all(
            Array.from({ length: 50 }, (_, index) => ask(`${weather}-${index}`)),
          );
          const more = await ask(`${weather}-more`);
          const took = performance.now() - begun;
          const expected = whenDown === 'open' ? 200 : 503;
          assert.deepEqual(
            new Set([...answers, more].map(({ status }) => status)),
            new Set([expected]),
            weather,
          );
          assert.ok(took < 2_000, `${weather}: ${took} ms`);
          proxy.weather = 'pass';
          // What was lost on the way leaves a dead connection behind.
          if (weather === 'drop') proxy.reset();
          await counting(limited, `${weather}-${whenDown}`);
        }
        await limited.server.close();
        await store.close();
        await proxy.close();
      });
  });

/** It counts: somebody new passes with a count of it. Each look is by somebody else and from elsewhere. */
async function counting(limited: LimitedServer, name: string): Promise<void> {
  let look = 0;
  await eventually(`it counts again (${name})`, async () => {
    look += 1;
    const from = `198.51.${Math.floor(look / 250)}.${look % 250}`;
    const { status, headers } = await limited.ask('GET', '/thing', { who: `user:${name}-${look}`, from });
    return status === 200 && headers.ratelimit ? true : undefined;
  });
}
