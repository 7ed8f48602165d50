import { compared, type Finding } from '../findings.ts';
import { findRedis } from '../laboratory/neighbours.ts';
import {
  bareRedis,
  bareUpdate,
  connections,
  type Decide,
  memoryDecides,
  postgresDecides,
  redisDecides,
} from '../limits/stores.ts';
import { interleave, perSecond } from '../rounds.ts';
import { compare } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

const decisionsARound = 4_000;
const inMemory = 50;
const atOnce = 64;
const keys = 1_000;

/** Decisions of a limiter a second, in each store beside the barest counter of the same server. */
export const limits: Scenario = {
  name: 'limits',
  method:
    `Decisions that let pass, about ${keys.toLocaleString('en')} keys in turn, ${atOnce} at once. Floor on PostgreSQL: one named \`UPDATE … SET n = n + 1\` of a bare \`pg\` pool with as many ` +
    `connections (${connections}), on an unlogged table and on a usual one; on Redis: \`INCR\`, and a script that counts and lets the count end. None of them knows how much is left or when there is more.`,
  limitSeconds: 240,
  run: async (bench: Bench): Promise<Finding[]> => {
    const { laboratory, scope, settings, signal } = bench;
    const redis = await findRedis(scope);
    if (!redis) bench.note('The lines of Redis were left out: no Redis answered.');
    const url = await laboratory.emptyDatabase(scope, 'bench_limits');
    const count = Math.max(200, decisionsARound * settings.share);
    const side = (decide: Decide, times = 1) => {
      const order = Array.from({ length: count * times }, (_, index) => index % keys);
      return () => perSecond(order, atOnce, decide);
    };
    const sides: Record<string, () => Promise<number>> = {
      memory: side(memoryDecides(), inMemory),
      postgres: side(await postgresDecides(scope, url)),
      update: side(await bareUpdate(scope, url, false)),
      logged: side(await bareUpdate(scope, url, true)),
    };
    if (redis) {
      const bare = bareRedis(scope, redis.url, redis.prefix);
      sides.redis = side(await redisDecides(scope, redis.url, redis.prefix));
      sides.incr = side(bare.incr);
      sides.script = side(bare.script);
    }
    const rates = await interleave(sides, { rounds: settings.rounds, signal });
    const beside = (what: string, ours: string, other: string, label: string) =>
      compared(
        { scenario: 'limits', what: `decisions a second, ${what}`, unit: '/s', beside: label },
        compare(rates[ours] ?? [], rates[other] ?? []),
      );
    return [
      beside('memory', 'memory', 'postgres', 'ours in PostgreSQL'),
      beside('PostgreSQL', 'postgres', 'update', 'bare `UPDATE`, unlogged table'),
      beside('PostgreSQL', 'postgres', 'logged', 'bare `UPDATE`, usual table'),
      ...(redis
        ? [
            beside('Redis', 'redis', 'incr', 'bare `INCR`'),
            beside('Redis', 'redis', 'script', 'bare script that counts'),
          ]
        : []),
    ];
  },
};
