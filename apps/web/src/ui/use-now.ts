import { useSyncExternalStore } from 'react';

/** One timer for all that show the same fineness of time. */
const clocks = new Map<number, { now: number; subscribe: (listener: () => void) => () => void }>();

function clockOf(everyMs: number) {
  const known = clocks.get(everyMs);
  if (known) return known;
  const listeners = new Set<() => void>();
  let timer: ReturnType<typeof setInterval> | undefined;
  const clock = {
    now: Date.now(),
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      if (listeners.size === 1) clock.now = Date.now();
      timer ??= setInterval(() => {
        clock.now = Date.now();
        for (const each of listeners) each();
      }, everyMs);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
  clocks.set(everyMs, clock);
  return clock;
}

/** The time in milliseconds, told anew every `everyMs`. */
export function useNow(everyMs: number): number {
  const clock = clockOf(everyMs);
  return useSyncExternalStore(clock.subscribe, () => clock.now);
}
