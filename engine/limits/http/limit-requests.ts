import { createHash } from 'node:crypto';
import { commonErrors, isProblem, type Problem } from '@labwright/kernel/errors';
import type { Guard } from '@labwright/kernel/http';
import { isLoopback, type Principal } from '@labwright/kernel/identity';
import type { Metrics } from '@labwright/kernel/telemetry';
import type { Limiter, Verdict } from '../limiter.ts';
import { addressKey } from './address.ts';
import type { LimitClasses } from './classes.ts';
import { type Counted, rateLimitHeaders, retryAfter } from './headers.ts';
import { inHand } from './in-hand.ts';

export interface LimitRequestsOptions {
  /** Each service counts for itself, also where several share a store. */
  service: string;
  limiter: Limiter;
  classes: LimitClasses;
  metrics: Metrics;
  /** Requests that one person, or an address of which nobody is known, may have in hand here at once. */
  inHand: number;
}

/** Who is not counted: whoever sits at this machine, and the laboratory itself. */
const uncounted: readonly Principal['kind'][] = ['local', 'service', 'system'];

/** Seconds after which to try again where nothing can be counted. */
const tryAgainSeconds = 1;

/**
 * Counts the requests of a server.
 *
 *     arrives ──its address has shown too much that is invalid──► 429
 *        │
 *        ▼  who asks?  ──401──► counted as a failure of its address
 *        │
 *        ├─ local user, service, probe ──► not counted
 *        ├─ has `inHand` requests in hand here ──► 429
 *        ▼
 *     one decision for its principal and its address ──► goes on, with RateLimit headers
 *        │                              └─ refused ──► 429, Retry-After
 *        └─ the store is away ──► goes on, or 503: LIMITS_WHEN_DOWN
 *
 * The first look costs no exchange, so that a flood is turned away before its tokens are checked. Loopback is no address of anybody: who comes
 * from there is counted as a principal alone.
 */
export function limitRequests(options: LimitRequestsOptions): Guard {
  const { service, limiter, classes } = options;
  const decisions = options.metrics.counter(
    'limit_decisions_total',
    'Requests that were counted, by outcome',
    ['class', 'outcome'],
  );
  const failureKey = (ip: string) => `${service} failures ${addressKey(ip)}`;

  /** What this address showed lately that was invalid is more than it may. */
  const tooManyFailures = (ip: string): Counted[] | undefined => {
    if (isLoopback(ip)) return undefined;
    const standing = limiter.refusedLately(failureKey(ip));
    if (!standing) return undefined;
    decisions.inc({ class: 'failures', outcome: 'refused' });
    return [{ policy: 'failures', limit: classes.failures, standing }];
  };

  const countFailure = async (ip: string) => {
    if (isLoopback(ip)) return;
    const { outcome } = await limiter.take([{ key: failureKey(ip), limit: classes.failures }]);
    decisions.inc({ class: 'failures', outcome });
  };

  /** Counts one request of this class; undefined: there is nothing to count it for. */
  const decide = async (name: string, principal: Principal | null, ip: string) => {
    if (principal && uncounted.includes(principal.kind)) return undefined;
    const { principal: own, address } = classes.byName.get(name) ?? {};
    // All of this machine have one address, and so have all who come by way of a proxy on it that is not trusted.
    const apart = !isLoopback(ip);
    const asked = [
      ...(own && principal ? [{ by: 'principal', who: principal.id, limit: own }] : []),
      ...(address && apart ? [{ by: 'address', who: addressKey(ip), limit: address }] : []),
    ].map(({ by, who, limit }) => ({
      policy: `${name}-${by}`,
      key: short(`${service} ${name} ${by} ${who}`),
      limit,
    }));
    if (asked.length === 0) return undefined;
    const verdict = await limiter.take(asked);
    decisions.inc({ class: name, outcome: verdict.outcome });
    const counted = asked.map(({ policy, limit }, index) => ({
      policy,
      limit,
      standing: verdict.standings[index],
    }));
    return { counted, refusal: verdict.goOn ? undefined : refusalOf(verdict, counted) };
  };

  return (app) => {
    app.addHook('onRoute', ({ config, url }) => {
      const name = config?.limitClass;
      if (name !== undefined && !classes.byName.has(name))
        throw new Error(`${url} counts as "${name}", which no limit is set for`);
    });

    app.addHook('onRequest', async (request, reply) => {
      if (request.routeOptions.config.exempt) return;
      const counted = tooManyFailures(request.ip);
      if (!counted) return;
      reply.headers(rateLimitHeaders(counted));
      throw tooMany(counted);
    });

    const places = inHand(options.inHand);
    app.addHook('preParsing', async (request, reply) => {
      const { config } = request.routeOptions;
      const { principal, ip } = request;
      if (config.exempt) return;
      if (!principal || !uncounted.includes(principal.kind)) {
        const who = principal ? principal.id : isLoopback(ip) ? undefined : addressKey(ip);
        if (who !== undefined) {
          const leave = places.take(who);
          if (!leave) decisions.inc({ class: 'in_hand', outcome: 'refused' });
          if (!leave) throw tooManyInHand(options.inHand);
          reply.raw.once('close', leave);
        }
      }
      const name = config.limitClass ?? (['GET', 'HEAD'].includes(request.method) ? 'read' : 'write');
      const decided = await decide(name, principal, ip);
      if (!decided) return;
      reply.headers(rateLimitHeaders(decided.counted));
      if (decided.refusal) throw decided.refusal;
    });

    app.addHook('onResponse', async (request, reply) => {
      if (reply.statusCode === 401) await countFailure(request.ip);
    });

    app.decorate('countUpgrade', async (ip, who) => {
      const failures = tooManyFailures(ip);
      if (failures) throw tooMany(failures);
      const principal = await who().catch(async (error) => {
        if (isProblem(error) && error.status === 401) await countFailure(ip);
        throw error;
      });
      if (!principal) await countFailure(ip);
      const decided = await decide('read', principal ?? null, ip);
      if (decided?.refusal) throw decided.refusal;
      return principal;
    });
  };
}

/** Ids may be as long as they like; a key may not. */
const short = (key: string) =>
  key.length <= 200 ? key : `${key.slice(0, 100)} ${createHash('sha256').update(key).digest('base64url')}`;

function refusalOf(verdict: Verdict, counted: readonly Counted[]): Problem {
  if (verdict.outcome === 'refused') return tooMany(counted);
  return commonErrors.problem(
    'limits_unavailable',
    'How many requests you have sent cannot be counted now, and uncounted ones are refused; nothing was done. Try again shortly.',
    { retryAfter: tryAgainSeconds },
  );
}

const tooManyInHand = (most: number) =>
  commonErrors.problem(
    'too_many_requests',
    `${most} of your requests are in hand here, and more are not taken at once; nothing was done. Wait until one is answered.`,
    { retryAfter: tryAgainSeconds },
  );

function tooMany(counted: readonly Counted[]) {
  const violated = counted.filter(({ standing }) => (standing?.waitUs ?? 0) > 0);
  const seconds = retryAfter(violated);
  const limits = violated.map(
    ({ policy, limit }) => `${policy}: ${limit.most} within ${Math.max(1, Math.ceil(limit.seconds))} s`,
  );
  return commonErrors.problem(
    'too_many_requests',
    `Too many requests (${limits.join('; ')}); nothing was done. Wait ${seconds} s and send it again.`,
    { retryAfter: seconds, extra: { 'violated-policies': violated.map(({ policy }) => policy) } },
  );
}
