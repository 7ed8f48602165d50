import type { Clock } from '@labwright/kernel/clock';
import type { Part } from '@labwright/kernel/lifecycle';
import type { Log } from '@labwright/kernel/log';
import type { AccessClaims, IdentityApi, Revocation } from '../identity.ts';
import { clockTolerance } from './access-tokens.ts';
import { unavailable } from './keys.ts';

/**
 * What was revoked and is not over yet, as the hub tells it by a long poll.
 *
 *     starting --all of it was read--> following --no answer for `awayMs`--> away --an answer--> following
 *
 * `starting`, `away`: nobody can tell what was revoked, and no token is good (503). `following`: what the hub revokes is refused here as soon as its
 * answer arrives, in milliseconds.
 */
export interface Revocations extends Part {
  readonly state: 'starting' | 'following' | 'away';
  /** Throws `identity_unavailable` in any state but `following`. */
  mustFollow(): void;
  ofAccess(claims: AccessClaims): boolean;
  ofApiToken(tokenId: string): boolean;
  /** Called for each revocation as it arrives, in their order. */
  onRevoked(listener: (revocation: Revocation) => void): void;
}

export interface RevocationsOptions {
  ask: IdentityApi['revocations'];
  clock: Clock;
  log: Log;
  /** Milliseconds for which the last answer is trusted. */
  awayMs: number;
}

/** Seconds that a question may wait; shorter than any `awayMs` that makes sense. */
const longestWait = 20;
const pauses = [100, 200, 500, 1_000, 2_000] as const;

export function followRevocations({ ask, clock, log, awayMs }: RevocationsOptions): Revocations {
  const ends: Record<Revocation['kind'], Map<string, number>> = {
    session: new Map(),
    principal: new Map(),
    token: new Map(),
  };
  const listeners: ((revocation: Revocation) => void)[] = [];
  const wait = Math.max(1, Math.min(longestWait, Math.floor(awayMs / 3_000)));
  const stopping = new AbortController();
  let after = 0;
  let heardAt: number | undefined;
  let silent = false;
  let done: Promise<void> | undefined;

  const sweep = () => {
    const over = clock.now() - clockTolerance * 1_000;
    for (const map of Object.values(ends))
      for (const [value, until] of map) if (until < over) map.delete(value);
  };

  /** Reads one page; true: there may be more at once. */
  const read = async (seconds: number): Promise<boolean> => {
    const { revocations, next } = await ask({ after, wait: seconds, signal: stopping.signal });
    if (next < after) {
      log.warn('the list of revocations began anew; it is read again');
      after = 0;
      return true;
    }
    for (const revocation of revocations) {
      const map = ends[revocation.kind];
      map.set(revocation.value, Math.max(map.get(revocation.value) ?? 0, Date.parse(revocation.until)));
      for (const listener of listeners) listener(revocation);
    }
    after = next;
    return revocations.length > 0;
  };

  const follow = async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        // At first, and after a silence, all that there is already: only then is it known what was revoked.
        const waiting = heardAt === undefined || failures > 0 ? 0 : wait;
        const askedAt = performance.now();
        const more = await read(waiting);
        failures = 0;
        // Whoever answers at once with nothing, though asked to wait, is not asked in a circle.
        if (!more && waiting > 0 && performance.now() - askedAt < pauses[0])
          await clock.sleep(pauses[0], stopping.signal).catch(() => {});
        if (!more) {
          if (silent) log.info('revocations are followed again');
          silent = false;
          heardAt = clock.now();
        } else if (heardAt !== undefined) heardAt = clock.now();
        sweep();
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (failures === 0)
          log.warn({ err: error }, 'hub-service does not answer: revocations cannot be followed');
        silent = true;
        await clock.sleep(pauses[failures] ?? 2_000, stopping.signal).catch(() => {});
        failures += 1;
      }
    }
  };

  const state = () => {
    if (heardAt === undefined) return 'starting';
    return clock.now() - heardAt > awayMs ? 'away' : 'following';
  };

  return {
    name: 'revocations',
    get state() {
      return state();
    },
    mustFollow: () => {
      if (state() !== 'following') throw unavailable();
    },
    ofAccess: ({ sid, sub, exp }) =>
      ends.session.has(sid) || exp * 1_000 <= (ends.principal.get(sub) ?? Number.NEGATIVE_INFINITY),
    ofApiToken: (tokenId) => ends.token.has(tokenId),
    onRevoked: (listener) => void listeners.push(listener),
    start: async () => {
      done ??= follow();
    },
    stop: async () => {
      stopping.abort(new Error('the service stops'));
      await done;
    },
  };
}
