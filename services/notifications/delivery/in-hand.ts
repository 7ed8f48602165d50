import type { Fate } from './attempt.ts';

/** Messages at once that a process may have in its hand or in its memory; some megabytes. */
const most = 10_000;

/**
 * What this process has handed over and what became of it, until that is on record. While the database is away nothing can be recorded, and the job comes
 * back: then what is known to have been sent is not sent again, and what is still under way is waited for.
 */
export interface InHand {
  /** What became of this message, or is about to; else what becomes of it by `send`. */
  handOver(id: string, send: () => Promise<Fate>): Promise<Fate>;
  /** Its fate is on record. */
  recorded(id: string): void;
}

export function inHand(): InHand {
  const fates = new Map<string, Promise<Fate>>();
  return {
    handOver: (id, send) => {
      const known = fates.get(id);
      if (known) return known;
      const fate = send();
      fates.set(id, fate);
      // Those that another process has recorded are never asked for again.
      const [oldest] = fates.keys();
      if (fates.size > most && oldest !== undefined) fates.delete(oldest);
      return fate;
    },
    recorded: (id) => void fates.delete(id),
  };
}
