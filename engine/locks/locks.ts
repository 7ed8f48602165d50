import { randomUUID } from 'node:crypto';
import { keepLease, type Lease } from './lease.ts';
import { type LockStore, place } from './store.ts';

export interface AcquireOptions {
  /** Milliseconds until a holder that fell silent is replaced; default 15,000, at least 100. */
  ttlMs?: number;
  /** Milliseconds to wait for the turn; default 0: now or not at all. */
  waitMs?: number;
  /** Ends the waiting. */
  signal?: AbortSignal;
}

export interface Locks {
  /** Null where it was not our turn in time. Throws the reason of `signal`, or what the store throws. */
  acquire(key: string, options?: AcquireOptions): Promise<Lease | null>;
  /** Runs `work` alone on the key and releases it afterwards. Throws `LockTimeout`, or what `work` throws. */
  with<T>(key: string, options: AcquireOptions, work: (lease: Lease) => Promise<T>): Promise<T>;
  /** Stops listening. Leases stay as they are: release them first. */
  close(): Promise<void>;
}

export class LockTimeout extends Error {
  override readonly name = 'LockTimeout';
  readonly key: string;
  constructor(key: string, waitMs: number) {
    super(
      `The lock ${JSON.stringify(key)} was held by others for the ${waitMs} ms that we waited. Wait longer, or see who holds it.`,
    );
    this.key = key;
  }
}

const defaultTtlMs = 15_000;
const shortestTtlMs = 100;

/** Locks on this store. */
export function openLocks(store: LockStore): Locks {
  const waiting = new Map<string, () => void>();
  let listening: Promise<() => void> | undefined;

  const wake = (holder: string | null) => {
    if (holder !== null) return waiting.get(holder)?.();
    for (const look of waiting.values()) look();
  };

  /** Joins the line and looks whenever it may be our turn. */
  const wait = async (key: string, holder: string, ttlMs: number, until: number, signal?: AbortSignal) => {
    // At least once in a lease, so that whoever is first by now learns when it ends.
    const tellAfterMs = Math.min(place.toldEveryMs, ttlMs);
    let look = () => {};
    let woken = false;
    waiting.set(holder, () => {
      woken = true;
      look();
    });
    const stop = () => look();
    signal?.addEventListener('abort', stop, { once: true });
    let taken = false;
    try {
      // Before the first look: whoever frees the key after it has somebody to wake.
      listening ??= store.listen(wake);
      await listening;
      for (;;) {
        signal?.throwIfAborted();
        const now = performance.now();
        if (now >= until) return null;
        woken = false;
        const answer = await store.take({ key, holder, ttlMs, line: true });
        if (answer.token !== null) {
          taken = true;
          return keepLease(store, { key, holder, token: answer.token }, { ttlMs, sentAt: now });
        }
        const rest = Math.min(answer.freeInMs ?? tellAfterMs, tellAfterMs, until - performance.now());
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.max(1, rest));
          look = () => {
            clearTimeout(timer);
            resolve();
          };
          if (woken || signal?.aborted) look();
        });
      }
    } finally {
      waiting.delete(holder);
      signal?.removeEventListener('abort', stop);
      if (!taken) await store.leave(key, holder).catch(() => {});
    }
  };

  const acquire: Locks['acquire'] = async (key, options = {}) => {
    const { ttlMs = defaultTtlMs, waitMs = 0, signal } = options;
    if (key.length < 1 || key.length > 255)
      throw new RangeError('The key of a lock has 1 to 255 characters.');
    if (!(ttlMs >= shortestTtlMs)) throw new RangeError(`ttlMs must be at least ${shortestTtlMs}.`);
    signal?.throwIfAborted();
    const holder = randomUUID();
    const sentAt = performance.now();
    const answer = await store.take({ key, holder, ttlMs, line: false }).catch(async (error) => {
      // Nobody knows whether it was taken.
      await store.leave(key, holder).catch(() => {});
      throw error;
    });
    if (answer.token !== null)
      return keepLease(store, { key, holder, token: answer.token }, { ttlMs, sentAt });
    return waitMs > 0 ? wait(key, holder, ttlMs, sentAt + waitMs, signal) : null;
  };

  return {
    acquire,
    with: async (key, options, work) => {
      const lease = await acquire(key, options);
      if (!lease) throw new LockTimeout(key, options.waitMs ?? 0);
      try {
        return await work(lease);
      } finally {
        await lease.release().catch(() => {});
      }
    },
    close: async () => {
      const stop = await listening?.catch(() => undefined);
      stop?.();
    },
  };
}
