import type { Clock } from '@labwright/kernel/clock';

/**
 * What was looked up a moment ago, for as many as ask at once:
 *
 *     unknown ──asked──► being looked up, once for all who ask ──► known ──its time is over, or it has changed──► unknown
 *                           └─ it has changed meanwhile: answered, and not kept
 *
 * What there is and what there is not are kept apart, each up to its number: whoever tries codes without end does not push out those that are used.
 */
export interface Cache<T> {
  get(key: string): Promise<T | undefined>;
  /** It has changed. */
  drop(key: string): void;
  /** Everything may have changed. */
  clear(): void;
  readonly size: number;
}

export interface CacheOptions<T> {
  load: (key: string) => Promise<T | undefined>;
  clock: Clock;
  /** Milliseconds for which an answer is kept, on average. */
  foundMs: number;
  missingMs: number;
  mostFound: number;
  mostMissing: number;
  random?: () => number;
}

/** So much earlier or later than on average: what was looked up together is not looked up again together. */
const jitter = 0.15;

interface Entry<T> {
  value: T | undefined;
  until: number;
}

interface Flight<T> {
  promise: Promise<T | undefined>;
  changed: boolean;
}

export function createCache<T>(options: CacheOptions<T>): Cache<T> {
  const { clock, random = Math.random } = options;
  const found = new Map<string, Entry<T>>();
  const missing = new Map<string, Entry<T>>();
  const loading = new Map<string, Flight<T>>();

  const keep = (key: string, value: T | undefined) => {
    const [kept, most, ms] =
      value === undefined
        ? [missing, options.mostMissing, options.missingMs]
        : [found, options.mostFound, options.foundMs];
    kept.set(key, { value, until: clock.now() + ms * (1 - jitter + 2 * jitter * random()) });
    for (const [oldest] of kept) {
      if (kept.size <= most) break;
      kept.delete(oldest);
    }
  };

  const known = (kept: Map<string, Entry<T>>, key: string): Entry<T> | undefined => {
    const entry = kept.get(key);
    if (!entry) return undefined;
    kept.delete(key);
    if (entry.until <= clock.now()) return undefined;
    // In again at the end: the first one is the one that was asked for longest ago.
    kept.set(key, entry);
    return entry;
  };

  const load = (key: string): Promise<T | undefined> => {
    const flight: Flight<T> = { changed: false, promise: options.load(key) };
    flight.promise = flight.promise.then(
      (value) => {
        if (loading.get(key) === flight) loading.delete(key);
        if (!flight.changed) keep(key, value);
        return value;
      },
      (error) => {
        if (loading.get(key) === flight) loading.delete(key);
        throw error;
      },
    );
    loading.set(key, flight);
    return flight.promise;
  };

  const drop = (key: string) => {
    found.delete(key);
    missing.delete(key);
    const flight = loading.get(key);
    // Whoever asks from now on looks for itself: what is on its way may be older than the change.
    if (flight) flight.changed = true;
    loading.delete(key);
  };

  return {
    get: async (key) => {
      const entry = known(found, key) ?? known(missing, key);
      if (entry) return entry.value;
      return loading.get(key)?.promise ?? load(key);
    },
    drop,
    clear: () => {
      for (const key of loading.keys()) drop(key);
      found.clear();
      missing.clear();
    },
    get size() {
      return found.size + missing.size;
    },
  };
}
