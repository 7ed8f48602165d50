/**
 * Where locks are kept. Each operation is one exchange and happens as a whole or not at all.
 */
export interface LockStore {
  /**
   * Takes the key where it is free, or where the lease on it has ended, and nobody alive is ahead in the line; the same
   * holder asking again is ahead of nobody, itself included. Otherwise, where `line` is set, joins the line or says again that it
   * waits there.
   */
  take(request: TakeRequest): Promise<Taken | Refused>;
  /** The holder neither waits nor holds any more, whatever became of its requests. Whoever is next is woken. */
  leave(key: string, holder: string): Promise<void>;
  /** False where another one holds the key by now. */
  renew(lease: HeldLease, ttlMs: number): Promise<boolean>;
  /** Wakes whoever is next. False where another one holds the key by now. */
  release(lease: HeldLease): Promise<boolean>;
  /** Resolves once `wake` will be called with each holder whose turn may have come, null where it may be anybody's. */
  listen(wake: (holder: string | null) => void): Promise<() => void>;
}

export interface TakeRequest {
  key: string;
  /** Unique to this attempt to hold the key. */
  holder: string;
  ttlMs: number;
  line: boolean;
}

export interface HeldLease {
  key: string;
  holder: string;
  token: number;
}

export interface Taken {
  /** Only rises for a key. */
  token: number;
}

export interface Refused {
  token: null;
  /** Milliseconds until the lease of the holder ends; null where others are ahead. */
  freeInMs: number | null;
}

/** Milliseconds for which a place in the line is kept without a word, and between two words. */
export const place = { keptMs: 10_000, toldEveryMs: 3_000 } as const;
