import type { Clock } from '@labwright/kernel/clock';

/**
 * Spares a store that does not answer, and those who would wait for it:
 *
 *     closed ──`failures` in a row──► open ──`restMs` over: one try──► closed, or open again
 */
export interface Circuit {
  /** False: do not ask now. True may be the one try of an open circuit. */
  mayAsk(): boolean;
  /** True where it has just been closed. */
  succeeded(): boolean;
  /** True where it has just been opened. */
  failed(): boolean;
  readonly open: boolean;
}

export function createCircuit(options: { clock: Clock; failures: number; restMs: number }): Circuit {
  let inARow = 0;
  let tryAt = 0;
  const isOpen = () => inARow >= options.failures;
  return {
    mayAsk: () => {
      if (!isOpen()) return true;
      const now = options.clock.now();
      if (now < tryAt) return false;
      // Whoever comes meanwhile does not try too.
      tryAt = now + options.restMs;
      return true;
    },
    succeeded: () => {
      const closed = isOpen();
      inARow = 0;
      return closed;
    },
    failed: () => {
      const before = isOpen();
      inARow += 1;
      tryAt = options.clock.now() + options.restMs;
      return !before && isOpen();
    },
    get open() {
      return isOpen();
    },
  };
}
