import type { Clock } from '@labwright/kernel/clock';
import type { Fault } from '@labwright/kernel/errors';
import type { TObject } from 'typebox';
import type { OperationSpec } from './operation.ts';

/** One thing that an instrument is told to do, once. */
export interface Command {
  /** Names this execution for ever: sent again, it never moves the hardware again. 1 to 200 characters. */
  execution_id: string;
  operation: string;
  /** As the caller wrote them; the driver adds defaults. */
  parameters: Record<string, unknown>;
  /** Of the booking under which the command is sent; a whole number from 0 that only rises. */
  fencing_token: number;
}

export interface Failure {
  code: string;
  message: string;
  /** For `invalid_parameters` and `invalid_command`: each place that is wrong. */
  faults?: Fault[];
}

/** What certainly became of a command. */
export type Outcome =
  | { status: 'succeeded'; result: Record<string, unknown> }
  | { status: 'failed'; error: Failure };

export interface Unknown {
  status: 'unknown';
  reason: string;
}

/** What a driver answers when it is asked about a command. `not_started` is a promise: it is safe to send it. */
export type Inquiry =
  | { status: 'not_started' }
  | { status: 'running'; fraction?: number }
  | Outcome
  | Unknown;

export interface FollowOptions {
  /** Stops the movement; the outcome is then `failed` with `aborted`, unless the command ended first. */
  signal?: AbortSignal | undefined;
  /** Called once the instrument moves, and then now and again. `fraction` is 0 to 1. Must not throw. */
  onProgress?: ((fraction: number, text: string) => void) | undefined;
}

/** One connected instrument. The README of this folder has the state machine of a command. */
export interface Driver {
  readonly operations: ReadonlyMap<string, OperationSpec>;
  /**
   * Carries out one command. Resolves with what certainly happened, refusals included; rejects with a
   * `DriverError` only where the outcome is not known. A known execution id is not carried out again: its
   * outcome is answered, or the call attaches to the movement.
   */
  execute(command: Command, options?: FollowOptions): Promise<Outcome>;
  /** What became of a command. Rejects with a `DriverError` where the instrument cannot be asked. */
  inquire(execution_id: string): Promise<Inquiry>;
  /** Follows a command that an earlier process started, to its end; answers at once where nothing runs. */
  wait(execution_id: string, options?: FollowOptions): Promise<Exclude<Inquiry, { status: 'running' }>>;
  /**
   * Disconnects, and leaves the instrument running. Calls that are under way reject with `driver_closed`.
   * Idempotent; resolves when no call is under way any more.
   */
  close(): Promise<void>;
}

export interface OpenOptions {
  device_id: string;
  /** Device settings as stored, checked against the model's `settings`. Default: none. */
  settings?: unknown;
  /** Where commands are remembered across crashes. Without it the driver forgets them when it closes. */
  journalFolder?: string | undefined;
  clock?: Clock | undefined;
}

/** A kind of instrument: what can be known about it without a connection, and how to connect. */
export interface DriverModel {
  /** As in a device's `type`: `liquid_handler`. */
  readonly type: string;
  readonly description: string;
  readonly operations: ReadonlyMap<string, OperationSpec>;
  /** The schema of a device's settings. */
  readonly settings: TObject;
  /** Every fault of these settings; empty where `open` would take them. */
  checkSettings(settings: unknown): Fault[];
  /** How many times faster than real time a device with these settings runs. Left out by real instruments: 1. */
  pace?(settings: unknown): number;
  /** Rejects with `DriverError` `invalid_settings` or `connection_lost`. */
  open(options: OpenOptions): Promise<Driver>;
}
