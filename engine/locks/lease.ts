import type { HeldLease, LockStore } from './store.ts';

/** A key that is held, and kept by renewing it until it is released or lost. */
export interface Lease {
  readonly key: string;
  /** Rises with every holder of the key: whoever acts under this lease names it, and an older one is refused. */
  readonly token: number;
  /** Fires with `LeaseLost` before another one can hold the key, or as soon as one does. Never after `release`. */
  readonly signal: AbortSignal;
  /** Gives the key back; false where the lease was lost before. May be called again. */
  release(): Promise<boolean>;
}

export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** Renewals come this often in a time to live, and are tried again this often where they fail. */
const renewals = 3;
const retries = 10;
/** Of the time to live, how much is trusted: the rest is for clocks that run apart and timers that fire late. */
const trusted = 0.9;

/**
 * Keeps a lease that was taken by a request sent at `sentAt` (`performance.now()`): the trusted time runs from when a
 * request was sent, for nobody knows when it arrived.
 */
export function keepLease(
  store: Pick<LockStore, 'renew' | 'release'>,
  held: HeldLease,
  options: { ttlMs: number; sentAt: number },
): Lease {
  const { ttlMs } = options;
  const controller = new AbortController();
  let trustEnds: NodeJS.Timeout;
  let next: NodeJS.Timeout;
  let released: Promise<boolean> | undefined;

  const end = () => {
    clearTimeout(trustEnds);
    clearTimeout(next);
  };
  const lose = (why: string) => {
    end();
    if (!released)
      controller.abort(new LeaseLost(`The lease on ${held.key} (token ${held.token}) is lost: ${why}`));
  };
  const trustFrom = (sentAt: number) => {
    clearTimeout(trustEnds);
    const left = sentAt + ttlMs * trusted - performance.now();
    trustEnds = setTimeout(
      () => lose(`no renewal was answered for ${ttlMs * trusted} ms`),
      Math.max(0, left),
    );
  };
  const renewIn = (ms: number) => {
    next = setTimeout(() => void renew(), ms);
  };
  const renew = async () => {
    const sentAt = performance.now();
    const renewed = await store.renew(held, ttlMs).catch(() => undefined);
    if (released || controller.signal.aborted) return;
    if (renewed === false) return lose('another holder has the key');
    if (renewed) trustFrom(sentAt);
    renewIn(renewed ? ttlMs / renewals : ttlMs / retries);
  };

  trustFrom(options.sentAt);
  renewIn(Math.max(0, options.sentAt + ttlMs / renewals - performance.now()));

  return {
    key: held.key,
    token: held.token,
    signal: controller.signal,
    release: () => {
      if (released) return released;
      end();
      released = store.release(held);
      return released;
    },
  };
}
