import { createHash } from 'node:crypto';
import type { Outcome, Unknown } from '../driver.ts';

/** One command that was accepted. Plain JSON. */
export interface CommandRecord {
  execution_id: string;
  /** Tells the same command sent again from another one under the same id. */
  digest: string;
  operation: string;
  /** With defaults. */
  parameters: Record<string, unknown>;
  fencing_token: number;
  /** Milliseconds since 1970. */
  accepted_at: number;
  /** The hardware's own notes; empty once the command has ended. */
  detail: Record<string, unknown>;
  /** Absent while the command runs, as far as is known. */
  end?: Outcome | Unknown;
}

/** One line of history. The ledger is what all lines, taken in order, come to. */
export type Entry =
  | { kind: 'accept'; record: CommandRecord }
  | { kind: 'token'; fencing_token: number }
  | { kind: 'amend'; execution_id: string; detail: Record<string, unknown> }
  | { kind: 'end'; execution_id: string; end: Outcome | Unknown }
  | { kind: 'snapshot'; highest_token: number; forgotten: string[] }
  | { kind: 'remember'; record: CommandRecord };

/** What an entry did. Only `accepted` allows a movement; `ignored` is an entry that came too late. */
export type Verdict = 'accepted' | 'known' | 'forgotten' | 'stale' | 'busy' | 'noted' | 'ignored';

/** What is known about an instrument's commands. */
export interface Ledger {
  readonly highestToken: number;
  /** The command that has no end on record; there is at most one. */
  readonly running: CommandRecord | undefined;
  readonly lastSucceeded: CommandRecord | undefined;
  /** How many commands are remembered in full. */
  readonly size: number;
  find(execution_id: string): CommandRecord | undefined;
  /** True for a command that ended so long ago that only its id is remembered. */
  forgot(execution_id: string): boolean;
}

export interface LedgerKeeper extends Ledger {
  apply(entry: Entry): Verdict;
  /** Entries which make an equal ledger that remembers only the newest `keep` commands in full. */
  snapshot(keep: number): Entry[];
}

/** Ids that are remembered after their commands are forgotten, so that they still cannot run twice. */
const forgottenIds = 5_000;

export function createLedger(): LedgerKeeper {
  // Ended commands are kept as text: a plate's results take a fifth of the memory that objects would.
  const ended = new Map<string, string>();
  let forgotten = new Set<string>();
  let highestToken = 0;
  let running: CommandRecord | undefined;
  let lastSucceeded: CommandRecord | undefined;

  const remember = (record: CommandRecord) => {
    ended.set(record.execution_id, JSON.stringify(record));
    if (record.end?.status === 'succeeded') lastSucceeded = record;
  };

  const find = (execution_id: string): CommandRecord | undefined => {
    if (running?.execution_id === execution_id) return running;
    const text = ended.get(execution_id);
    return text === undefined ? undefined : JSON.parse(text);
  };

  const accept = (record: CommandRecord): Verdict => {
    if (running?.execution_id === record.execution_id || ended.has(record.execution_id)) return 'known';
    if (forgotten.has(idMark(record.execution_id))) return 'forgotten';
    if (record.fencing_token < highestToken) return 'stale';
    // A token counts as seen even where its command is refused: its booking exists.
    highestToken = record.fencing_token;
    if (running) return 'busy';
    running = record;
    return 'accepted';
  };

  return {
    get highestToken() {
      return highestToken;
    },
    get running() {
      return running;
    },
    get lastSucceeded() {
      return lastSucceeded;
    },
    get size() {
      return ended.size + (running ? 1 : 0);
    },
    find,
    forgot: (execution_id) => forgotten.has(idMark(execution_id)),

    apply(entry) {
      switch (entry.kind) {
        case 'accept':
          return accept(entry.record);
        case 'token':
          highestToken = Math.max(highestToken, entry.fencing_token);
          return 'noted';
        case 'amend':
          if (running?.execution_id !== entry.execution_id) return 'ignored';
          running = { ...running, detail: entry.detail };
          return 'noted';
        case 'end':
          // The first end wins: whoever comes later reads it.
          if (running?.execution_id !== entry.execution_id) return 'ignored';
          remember({ ...running, detail: {}, end: entry.end });
          running = undefined;
          return 'noted';
        case 'snapshot':
          highestToken = entry.highest_token;
          forgotten = new Set(entry.forgotten);
          return 'noted';
        case 'remember':
          if (entry.record.end) remember(entry.record);
          else running = entry.record;
          return 'noted';
      }
    },

    snapshot(keep) {
      const dropped = [...ended.keys()].slice(0, Math.max(0, ended.size - keep));
      const marks = [...forgotten, ...dropped.map(idMark)].slice(-forgottenIds);
      const kept = [...ended.values()].slice(dropped.length).map((text): CommandRecord => JSON.parse(text));
      return [
        { kind: 'snapshot', highest_token: highestToken, forgotten: marks },
        ...[...kept, ...(running ? [running] : [])].map((record): Entry => ({ kind: 'remember', record })),
      ];
    },
  };
}

/** Eight bytes in place of an id: among 5,000 of them two are alike once in a trillion instruments. */
function idMark(execution_id: string): string {
  return createHash('sha256').update(execution_id).digest().subarray(0, 8).toString('base64url');
}

/** The same for the same operation and parameters, whatever the order of their keys. */
export function commandDigest(operation: string, parameters: unknown): string {
  const ordered = JSON.stringify([operation, parameters], (_key, value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(ordered).digest('base64url').slice(0, 22);
}
