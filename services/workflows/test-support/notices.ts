/** Wakes those who wait for a condition, each time that something changed. */
export function createNotices() {
  const listeners = new Set<() => void>();
  return {
    changed: () => {
      for (const listener of listeners) listener();
    },
    /** Resolves when `ready`, or after `seconds`; rejects when aborted. */
    until: (ready: () => boolean, seconds: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        const end = (settle: () => void) => {
          clearTimeout(timer);
          listeners.delete(look);
          signal?.removeEventListener('abort', abort);
          settle();
        };
        const look = () => ready() && end(resolve);
        const abort = () => end(() => reject(signal?.reason));
        const timer = setTimeout(() => end(resolve), seconds * 1_000);
        listeners.add(look);
        signal?.addEventListener('abort', abort, { once: true });
        if (signal?.aborted) abort();
        else look();
      }),
  };
}
