import type { Failure, Outcome, Unknown } from './driver.ts';
import type { CommandRecord, Ledger } from './memory/ledger.ts';

/** What the instrument is seen doing about one command. */
export type Sighting =
  | { status: 'not_started' }
  | {
      status: 'running';
      /** 0 to 1. */
      fraction?: number;
      text?: string;
      /** When to look again, in milliseconds. Default 1000. */
      next_look_ms?: number;
    }
  | Outcome
  | Unknown;

/** A command that is about to be put on record: its parameters are validated and complete. */
export type PlannedCommand = Omit<CommandRecord, 'detail' | 'end'>;

/**
 * The verbs of one instrument's own protocol, which is all that a new driver has to write: `guardedDriver`
 * makes a `Driver` of them. Each rejects with a `DriverError` where the instrument cannot be reached.
 */
export interface Hardware {
  /** Notes to keep until the command ends, made before it moves: a vendor's run number, a planned end. JSON. */
  plan?(command: PlannedCommand, ledger: Ledger): Record<string, unknown>;
  /** Begins the movement. Called once for a command, after it is on record. */
  start(command: CommandRecord): Promise<Sighting>;
  /** How far it is. Also called by a later process, about a command that an earlier one started. */
  look(command: CommandRecord): Promise<Sighting>;
  /** Stops the movement. A command that has ended already keeps its outcome. */
  stop(command: CommandRecord): Promise<Sighting>;
  /** Takes a function to call when it is worth looking again at once. */
  onChange?(wake: () => void): void;
  /** Disconnects; makes calls that are under way reject. Never stops the movement. */
  close(): Promise<void>;
}

/** A definite failure, as `Sighting` and as `Outcome`. */
export function failed(code: string, message: string, rest: Pick<Failure, 'faults'> = {}): Outcome {
  return { status: 'failed', error: { code, message, ...rest } };
}
