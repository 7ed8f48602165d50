import { ConfigError, number, oneOf, optional, redisUrl, type Setting } from '@labwright/kernel/config';
import type { HostedGuard, ServiceDeps } from '@labwright/kernel/service';
import { type Limit, parseLimit } from '../limit.ts';
import { createLimiter, type Limiter } from '../limiter.ts';
import type { LimitStore } from '../store.ts';
import { memoryLimits } from '../stores/memory/index.ts';
import { postgresLimits } from '../stores/postgres/index.ts';
import { openRedisLimits } from '../stores/redis/index.ts';
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

/**
 * The guard that counts the requests of `service`, for `hostService`. With LIMITS_STORE=postgres its database needs `limitsMigrations`.
 * Throws a `ConfigError` where the settings do not fit together.
 */
export function limitsGuard(
  service: string,
  settings: LimitSettings = usualSettings,
): (deps: ServiceDeps) => HostedGuard {
  if (settings.LIMITS_STORE === 'redis' && settings.LIMITS_REDIS_URL === undefined)
    throw new ConfigError(['LIMITS_REDIS_URL is required where LIMITS_STORE is redis']);
  return (deps) => {
    const { metrics } = deps;
    if (settings.LIMITS_STORE === 'off')
      return { name: 'limits', guard: () => {}, start: async () => {}, stop: async () => {} };
    const limiter = openLimiter(settings, deps);
    metrics.gauge('limits_store_up', '1 while the store of the limits answers', () => (limiter.up ? 1 : 0));
    const classes = limitClasses({
      read: settings.LIMITS_READ,
      write: settings.LIMITS_WRITE,
      signIn: settings.LIMITS_SIGN_IN,
      people: settings.LIMITS_PEOPLE,
    });
    return {
      name: 'limits',
      guard: limitRequests({ service, limiter, classes, metrics, inHand: settings.LIMITS_IN_HAND }),
      start: () => limiter.start(),
      stop: () => limiter.stop(),
    };
  };
}

/** For what a domain limits itself: counted where requests are, in memory where they are not. Its owner starts and stops it. */
export function openLimiter(settings: LimitSettings = usualSettings, deps: ServiceDeps): Limiter {
  const { clock, log } = deps;
  return createLimiter({ store: openStore(settings, deps), clock, log, whenDown: settings.LIMITS_WHEN_DOWN });
}

function openStore(settings: LimitSettings, { db, log, clock }: ServiceDeps): LimitStore {
  if (settings.LIMITS_STORE === 'postgres')
    return postgresLimits(db.sibling({ max: decidingConnections, statementTimeout: statementMs }));
  if (settings.LIMITS_STORE === 'redis' && settings.LIMITS_REDIS_URL !== undefined)
    return openRedisLimits({ url: settings.LIMITS_REDIS_URL, log });
  return memoryLimits({ clock });
}
