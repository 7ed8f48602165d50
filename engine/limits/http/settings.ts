import { ConfigError, number, oneOf, optional, redisUrl, type Setting } from '@labwright/kernel/config';
import type { HostedGuard, ServiceDeps } from '@labwright/kernel/service';
import { type Limit, parseLimit } from '../limit.ts';
import { createLimiter, type Limiter } from '../limiter.ts';
import type { LimitStore } from '../store.ts';
import { memoryLimits } from '../stores/memory/index.ts';
import { postgresLimits } from '../stores/postgres/index.ts';
import { limitClasses, usualLimits } from './classes.ts';
import { limitRequests } from './limit-requests.ts';

const limit = ({ doc, fallback }: { doc: string; fallback: string }): Setting<Limit> => ({
  doc,
  fallback,
  optional: false,
  parse: parseLimit,
});

const whenDown = ['open', 'closed'] as const;

/** The settings of every service. */
export const limitSettings = {
  LIMITS_STORE: oneOf(['memory', 'postgres', 'redis', 'off'], {
    doc: 'where requests are counted: memory (each process for itself), postgres (all processes of a service), redis (the same, quicker), off',
    fallback: 'memory',
  }),
  LIMITS_REDIS_URL: optional(redisUrl({ doc: 'the Redis of LIMITS_STORE=redis, redis://host:6379/0' })),
  LIMITS_WHEN_DOWN: oneOf(whenDown, {
    doc: 'while that store is away: open lets every request pass, closed none that would be counted',
    fallback: 'open',
  }),
  LIMITS_READ: limit({ doc: 'GET requests of one person, "200/s burst 2000"', fallback: usualLimits.read }),
  LIMITS_WRITE: limit({ doc: 'other requests of one person', fallback: usualLimits.write }),
  LIMITS_SIGN_IN: limit({ doc: 'sign-ins from one address, "60/m window"', fallback: usualLimits.signIn }),
  LIMITS_IN_HAND: number({
    doc: 'requests that one person may have in hand at once in one process, those that wait for something new included',
    fallback: String(usualLimits.inHand),
    minimum: 1,
    maximum: 100_000,
    integer: true,
  }),
  LIMITS_PEOPLE: number({
    doc: 'so many times the limit of one person holds for one address',
    fallback: String(usualLimits.people),
    minimum: 1,
    maximum: 1_000,
    integer: true,
  }),
};

export interface LimitSettings {
  readonly LIMITS_STORE: 'memory' | 'postgres' | 'redis' | 'off';
  readonly LIMITS_REDIS_URL?: string | undefined;
  readonly LIMITS_WHEN_DOWN: (typeof whenDown)[number];
  readonly LIMITS_READ: Limit;
  readonly LIMITS_WRITE: Limit;
  readonly LIMITS_SIGN_IN: Limit;
  readonly LIMITS_IN_HAND: number;
  readonly LIMITS_PEOPLE: number;
}

/** Nothing set. */
const usualSettings: LimitSettings = {
  LIMITS_STORE: 'memory',
  LIMITS_WHEN_DOWN: 'open',
  LIMITS_READ: parseLimit(usualLimits.read),
  LIMITS_WRITE: parseLimit(usualLimits.write),
  LIMITS_SIGN_IN: parseLimit(usualLimits.signIn),
  LIMITS_IN_HAND: usualLimits.inHand,
  LIMITS_PEOPLE: usualLimits.people,
};

/** Connections that decide, beside those that serve: a busy service must not look like a store that is away. */
const decidingConnections = 2;
const statementMs = 1_000;

/** What a service limits by its settings. With LIMITS_STORE=postgres its database needs `limitsMigrations`. */
export interface Limits {
  /** Counts the requests of `service`, for `hostService`. */
  guard(service: string): (deps: ServiceDeps) => HostedGuard;
  /** For what a domain limits itself: counted where requests are, in memory where they are not. Its owner starts and stops it. */
  limiter(deps: ServiceDeps): Limiter;
}

/**
 * Before a service starts: the client of Redis is loaded only where the settings ask for it, for it is as large as all the rest of a
 * service. Rejects with a `ConfigError` where the settings do not fit together.
 */
export async function loadLimits(settings: LimitSettings = usualSettings): Promise<Limits> {
  const openStore = await loadStore(settings);
  const limiter = (deps: ServiceDeps) => {
    const { clock, log } = deps;
    return createLimiter({ store: openStore(deps), clock, log, whenDown: settings.LIMITS_WHEN_DOWN });
  };
  return {
    limiter,
    guard: (service) => (deps) => {
      const { metrics } = deps;
      if (settings.LIMITS_STORE === 'off')
        return { name: 'limits', guard: () => {}, start: async () => {}, stop: async () => {} };
      const counting = limiter(deps);
      metrics.gauge('limits_store_up', '1 while the store of the limits answers', () =>
        counting.up ? 1 : 0,
      );
      const classes = limitClasses({
        read: settings.LIMITS_READ,
        write: settings.LIMITS_WRITE,
        signIn: settings.LIMITS_SIGN_IN,
        people: settings.LIMITS_PEOPLE,
      });
      const inHand = settings.LIMITS_IN_HAND;
      return {
        name: 'limits',
        guard: limitRequests({ service, limiter: counting, classes, metrics, inHand }),
        start: () => counting.start(),
        stop: () => counting.stop(),
      };
    },
  };
}

async function loadStore(settings: LimitSettings): Promise<(deps: ServiceDeps) => LimitStore> {
  const { LIMITS_STORE: store, LIMITS_REDIS_URL: url } = settings;
  if (store === 'postgres')
    return ({ db }) =>
      postgresLimits(db.sibling({ max: decidingConnections, statementTimeout: statementMs }));
  if (store !== 'redis') return ({ clock }) => memoryLimits({ clock });
  if (url === undefined) throw new ConfigError(['LIMITS_REDIS_URL is required where LIMITS_STORE is redis']);
  const { openRedisLimits } = await import('../stores/redis/index.ts');
  return ({ log }) => openRedisLimits({ url, log });
}
