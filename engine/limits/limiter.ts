import type { Clock } from '@labwright/kernel/clock';
import { loop } from '@labwright/kernel/lifecycle';
import type { Log } from '@labwright/kernel/log';
import { createCircuit } from './circuit.ts';
import type { Limit } from './limit.ts';
import { createRefusals } from './refusals.ts';
import { type Check, type LimitStore, passed, type Standing } from './store.ts';

export interface Ask {
  /** Whose budget: 1 to 255 characters. */
  key: string;
  limit: Limit;
  /** Default 1. */
  cost?: number;
}

/**
 * `allowed`: all of it was charged. `refused`: nothing was. `down`: the store did not answer in time, nobody knows; `Verdict.goOn`
 * then is what `whenDown` says.
 */
export interface Verdict {
  readonly outcome: 'allowed' | 'refused' | 'down';
  readonly goOn: boolean;
  /** In the order of what was asked; undefined where nothing is known of it. */
  readonly standings: readonly (Standing | undefined)[];
}

export interface Limiter {
  /** Never rejects for what the store does, and takes `timeoutMs` at most. Throws a `RangeError` where a check cannot be. */
  take(asks: readonly Ask[]): Promise<Verdict>;
  /** What this process knows without asking: how the key stands that a store has refused a moment ago. */
  refusedLately(key: string): Standing | undefined;
  /** Gives a key everything back: after a sign-in that succeeded, say. Rejects where the store does not answer. */
  forget(key: string): Promise<void>;
  /** False while the store is taken for away. */
  readonly up: boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface LimiterOptions {
  store: LimitStore;
  clock: Clock;
  log: Log;
  /** What to do while the store is away: `open` lets everything pass, `closed` nothing. */
  whenDown: 'open' | 'closed';
  /** Milliseconds that a decision may take; 200. */
  timeoutMs?: number;
  /** Milliseconds for which a store that failed `failures` (3) times in a row is left alone; 1,000. */
  restMs?: number;
  failures?: number;
}

const sweepEveryMs = 60_000;
/** The store clears away a thousand at a time. */
const sweepsAtOnce = 100;

export function createLimiter(options: LimiterOptions): Limiter {
  const { store, clock, log, whenDown, timeoutMs = 200 } = options;
  const circuit = createCircuit({ clock, failures: options.failures ?? 3, restMs: options.restMs ?? 1_000 });
  const refusals = createRefusals(clock);
  const sweeper = loop({
    name: 'sweep of the limits',
    idleMs: sweepEveryMs,
    log,
    work: async (signal) => {
      for (let round = 0; round < sweepsAtOnce && !signal.aborted; round += 1)
        if ((await store.sweep()) === 0) return;
    },
  });

  const down = (asks: readonly Ask[]): Verdict => ({
    outcome: 'down',
    goOn: whenDown === 'open',
    standings: asks.map(() => undefined),
  });
  const failed = (error: unknown) => {
    if (!circuit.failed()) return;
    const what =
      whenDown === 'open' ? 'every request passes' : 'every request that would be counted is refused';
    log.error({ err: error }, `the store of the limits does not answer; until it does, ${what}`);
  };

  return {
    take: async (asks) => {
      const checks: Check[] = asks.map(({ key, limit, cost = 1 }) => ({ key, limit, cost }));
      const known = checks.map(({ key, cost }) => refusals.known(key, cost));
      if (known.some((refusal) => refusal !== undefined))
        return {
          outcome: 'refused',
          goOn: false,
          standings: known.map((refusal) => refusal && { remaining: 0, ...refusal }),
        };
      if (!circuit.mayAsk()) return down(asks);
      const askedAt = clock.now();
      let standings: Standing[];
      try {
        standings = await within(timeoutMs, store.take(checks));
      } catch (error) {
        if (error instanceof RangeError) throw error;
        failed(error);
        return down(asks);
      }
      if (circuit.succeeded()) log.info('the store of the limits answers again');
      if (passed(standings)) return { outcome: 'allowed', goOn: true, standings };
      for (const [index, { key, cost }] of checks.entries()) {
        const standing = standings[index];
        if (standing && standing.waitUs > 0) refusals.note(key, { cost, ...standing, askedAt });
      }
      return { outcome: 'refused', goOn: false, standings };
    },
    refusedLately: (key) => {
      const refusal = refusals.known(key, 1);
      return refusal && { remaining: 0, ...refusal };
    },
    forget: async (key) => {
      refusals.forget(key);
      await within(timeoutMs, store.forget(key));
    },
    get up() {
      return !circuit.open;
    },
    start: () => sweeper.start(),
    stop: async () => {
      await sweeper.stop();
      await store.close();
    },
  };
}

/** What comes later is of no use to anybody, and its error too. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
