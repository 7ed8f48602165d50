import type { Limit } from '../limit.ts';
import type { Standing } from '../store.ts';

/** What one request was counted for. */
export interface Counted {
  /** `read-principal`: what clients know the limit by. */
  policy: string;
  limit: Limit;
  standing: Standing | undefined;
}

const secondsOf = (us: number) => Math.ceil(us / 1_000_000);

/** Seconds to wait, at least one. */
export const retryAfter = (counted: readonly Counted[]): number =>
  Math.max(1, ...counted.map(({ standing }) => secondsOf(standing?.waitUs ?? 0)));

/**
 * `RateLimit-Policy` and `RateLimit` as in draft-ietf-httpapi-ratelimit-headers-11 (structured fields, RFC 9651): `q` requests in `w`
 * seconds; `r` are left, and in `t` seconds all of them are there again, or one is where none is left.
 */
export function rateLimitHeaders(counted: readonly Counted[]): Record<string, string> {
  const policies = counted.map(
    ({ policy, limit }) => `"${policy}";q=${limit.most};w=${Math.max(1, Math.ceil(limit.seconds))}`,
  );
  const standings = counted.flatMap(({ policy, standing }) => {
    if (!standing) return [];
    const { remaining, waitUs, wholeUs } = standing;
    return [
      `"${policy}";r=${remaining};t=${waitUs > 0 ? Math.max(1, secondsOf(waitUs)) : secondsOf(wholeUs)}`,
    ];
  });
  return {
    'ratelimit-policy': policies.join(', '),
    ...(standings.length > 0 ? { ratelimit: standings.join(', ') } : {}),
  };
}
