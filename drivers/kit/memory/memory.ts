import { createLedger, type Entry, type Ledger, type Verdict } from './ledger.ts';

/** Keeps an instrument's ledger. Both calls reject with `DriverError` `memory_failed` where it cannot be kept. */
export interface CommandMemory {
  /** True where the ledger outlives the process, so that an id which is not in it has certainly not run. */
  readonly durable: boolean;
  /** The ledger as of now, with what other processes have added. Do not hold on to it over an `await`. */
  read(): Promise<Ledger>;
  /** Resolves when the entry is safe, with what it did. */
  append(entry: Entry): Promise<Verdict>;
  close(): Promise<void>;
}

/** A memory that ends with the process. `capacity`: commands remembered in full; at times up to twice as many. */
export function processMemory(capacity = 1_000): CommandMemory {
  let ledger = createLedger();
  return {
    durable: false,
    read: async () => ledger,
    append: async (entry) => {
      const verdict = ledger.apply(entry);
      if (ledger.size >= 2 * capacity) {
        const entries = ledger.snapshot(capacity);
        ledger = createLedger();
        for (const kept of entries) ledger.apply(kept);
      }
      return verdict;
    },
    close: async () => {},
  };
}
