import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { compared, type Finding, figure } from '../findings.ts';
import { findRedis, type RedisServer } from '../laboratory/neighbours.ts';
import type { Order } from '../locks/holder.ts';
import { openStore, type StoreName } from '../locks/open.ts';
import { startChild } from '../processes/child.ts';
import { sharedClock } from '../processes/orders.ts';
import { interleaveCalls, timed } from '../rounds.ts';
import { compare, median } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

const callsARound = 200;
const handOvers = 300;
const ttlMs = 15_000;

/** Leases on keys, beside the barest locks of the same servers. */
export const locks: Scenario = {
  name: 'locks',
  method:
    'A free key is acquired and released, one pair after the other, always the same key. Floor: `pg_advisory_lock` and `pg_advisory_unlock` as two named statements of ' +
    'a bare `pg` client, which write nothing and end with its connection; two that write a row with holder, lease and token, without a line; on Redis `SET NX PX` and a script that compares and deletes, which give no token ' +
    `and no place in a line. Hand-over: ${handOvers} times, from when a process begins to release until the next one in line, in another process, has the lock.`,
  limitSeconds: 300,
  run: async (bench: Bench): Promise<Finding[]> => {
    const { laboratory, scope, settings, signal, say } = bench;
    const redis = await findRedis(scope);
    if (!redis) bench.note('The lines of Redis were left out: no Redis answered.');
    const url = await laboratory.emptyDatabase(scope, 'bench_locks');
    const prefix = redis?.prefix ?? 'labwright-bench';

    say('acquire and release');
    const pairs: Record<string, () => Promise<unknown>> = {
      postgres: await ourPair(bench, 'postgres', url, prefix),
      advisory: await advisoryPair(bench, url),
      row: await rowPair(bench, url),
    };
    if (redis) {
      pairs.redis = await ourPair(bench, 'redis', redis.url, prefix);
      pairs.bareRedis = bareRedisPair(bench, redis);
    }
    const sides = Object.fromEntries(Object.entries(pairs).map(([name, pair]) => [name, () => timed(pair)]));
    const times = await interleaveCalls(sides, {
      rounds: settings.rounds,
      callsARound: Math.max(20, callsARound * settings.share),
      warmUpCalls: 1_000 * settings.share,
      signal,
    });
    const beside = (what: string, ours: string, other: string, label: string) =>
      compared(
        { scenario: 'locks', what, unit: 'ms', beside: label },
        compare(times[ours] ?? [], times[other] ?? []),
      );
    const durability = redis ? ` (${redis.durability})` : '';
    const findings = [
      beside('acquire and release, PostgreSQL', 'postgres', 'advisory', 'bare `pg_advisory_lock` pair'),
      beside('acquire and release, PostgreSQL', 'postgres', 'row', 'bare row with a lease and a token'),
    ];
    if (redis)
      findings.push(
        beside('acquire and release, PostgreSQL', 'postgres', 'redis', `ours on Redis${durability}`),
        beside(
          `acquire and release, Redis${durability}`,
          'redis',
          'bareRedis',
          'bare `SET NX PX` and delete',
        ),
      );

    findings.push(...(await handOver(bench, 'postgres', 'PostgreSQL', url, prefix)));
    if (redis) findings.push(...(await handOver(bench, 'redis', 'Redis', redis.url, prefix)));
    return findings;
  },
};

async function ourPair({ scope }: Bench, store: StoreName, url: string, prefix: string) {
  const { locks: ours, close } = await openStore(store, url);
  scope.defer(close);
  const key = `${prefix} pair`;
  return async () => {
    const lease = await ours.acquire(key, { ttlMs });
    if (!(await lease?.release())) throw new Error('a free lock was not to be had');
  };
}

async function advisoryPair({ laboratory, scope }: Bench, url: string) {
  const client = await laboratory.client(scope, url);
  return async () => {
    await client.query({ name: 'lock', text: 'SELECT pg_advisory_lock($1)', values: [1] });
    await client.query({ name: 'unlock', text: 'SELECT pg_advisory_unlock($1)', values: [1] });
  };
}

/** The least that outlives a connection: one row a key, one statement each way. */
async function rowPair({ laboratory, scope }: Bench, url: string) {
  const client = await laboratory.client(scope, url);
  await client.query(
    'CREATE TABLE floor_locks (key text PRIMARY KEY, holder uuid, token bigint NOT NULL, expires_at timestamptz NOT NULL)',
  );
  const take = {
    name: 'take',
    text: `INSERT INTO floor_locks AS l VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 ms')
           ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, token = l.token + 1, expires_at = excluded.expires_at
           WHERE l.holder IS NULL OR l.expires_at < clock_timestamp() RETURNING token`,
  };
  const release = {
    name: 'release',
    text: 'UPDATE floor_locks SET holder = NULL WHERE key = $1 AND holder = $2',
  };
  return async () => {
    const holder = randomUUID();
    await client.query({ ...take, values: ['pair', holder, ttlMs] });
    const { rowCount } = await client.query({ ...release, values: ['pair', holder] });
    if (rowCount !== 1) throw new Error('a free lock was not to be had');
  };
}

const compareAndDelete = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

function bareRedisPair({ scope }: Bench, { url, prefix }: RedisServer) {
  const client = new Redis(url);
  scope.defer(() => client.disconnect());
  const key = `${prefix} bare`;
  client.defineCommand('compareAndDelete', { numberOfKeys: 1, lua: compareAndDelete });
  const { compareAndDelete: release } = client as unknown as {
    compareAndDelete(key: string, holder: string): Promise<number>;
  };
  return async () => {
    const holder = randomUUID();
    await client.set(key, holder, 'PX', ttlMs, 'NX');
    if ((await release.call(client, key, holder)) !== 1) throw new Error('a free lock was not to be had');
  };
}

/** A process holds, this one waits. */
async function handOver(
  bench: Bench,
  store: StoreName,
  name: string,
  url: string,
  prefix: string,
): Promise<Finding[]> {
  const { scope, settings, signal, say } = bench;
  say(`hand-over, ${name}`);
  const { locks: ours, close } = await openStore(store, url);
  scope.defer(close);
  const holder = await startChild<Order>(bench, {
    program: 'bench/locks/holder.ts',
    args: [store],
    env: { BENCH_STORE_URL: url },
  });
  const key = `${prefix} hand-over`;
  const took: number[] = [];
  const count = Math.max(30, handOvers * settings.share);
  // The first ones open connections and warm up.
  for (let turn = -20; turn < count; turn += 1) {
    await holder.ask({ do: 'hold', key });
    const waiting = ours.acquire(key, { ttlMs, waitMs: 10_000, signal });
    // Until it stands in line.
    await pause(15, undefined, { signal });
    const released = holder.ask({ do: 'release' });
    const lease = await waiting;
    const at = sharedClock();
    if (!lease) throw new Error('the lock was not handed over');
    if (turn >= 0) took.push((at - (await released)) / 1e6);
    await lease.release();
  }
  took.sort((a, b) => a - b);
  const p99 = took[Math.floor(took.length * 0.99)] ?? Number.NaN;
  const line = (what: string, ours: number) => ({ scenario: 'locks', what, unit: 'ms' as const, ours });
  return [
    figure(line(`hand-over to the next in line, ${name}, median`, median(took))),
    figure(line(`hand-over to the next in line, ${name}, 99th percentile`, p99), {
      text: '≤ 10 ms',
      holds: p99 <= 10,
    }),
  ];
}
