/** Time as a dependency, so that a test can move it by hand instead of sleeping. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. Its timers do not keep the process alive once their signal has fired. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const abort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', abort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', abort, { once: true });
    }),
};

export interface ManualClock extends Clock {
  /** Moves time forward and wakes every sleeper whose time has come, earliest first. */
  advance(ms: number): Promise<void>;
  /** Resolves as soon as at least `count` sleepers wait: how a test knows that the code has reached its sleep. */
  sleepers(count: number): Promise<void>;
}

/** A clock that stands still until `advance` is called. */
export function manualClock(start = Date.UTC(2025, 0, 1)): ManualClock {
  let now = start;
  const waiting = new Set<{ due: number; wake: () => void }>();
  const watchers = new Set<{ count: number; notify: () => void }>();

  const announce = () => {
    for (const watcher of watchers) {
      if (waiting.size >= watcher.count) {
        watchers.delete(watcher);
        watcher.notify();
      }
    }
  };

  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const abort = () => {
          waiting.delete(sleeper);
          reject(signal?.reason);
        };
        const sleeper = {
          due: now + ms,
          wake: () => {
            signal?.removeEventListener('abort', abort);
            resolve();
          },
        };
        signal?.addEventListener('abort', abort, { once: true });
        waiting.add(sleeper);
        announce();
      }),
    advance: async (ms) => {
      const until = now + ms;
      for (;;) {
        const next = [...waiting].sort((a, b) => a.due - b.due)[0];
        if (!next || next.due > until) break;
        waiting.delete(next);
        now = Math.max(now, next.due);
        next.wake();
        // A woken sleeper may sleep again before `until`: let it run first.
        await new Promise((resolve) => setImmediate(resolve));
      }
      now = until;
    },
    sleepers: (count) =>
      new Promise((resolve) => {
        watchers.add({ count, notify: resolve });
        announce();
      }),
  };
}
