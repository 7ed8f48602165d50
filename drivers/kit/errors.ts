import type { Fault } from '@labwright/kernel/errors';

/**
 * Definite failures that the kit itself answers with. None of them has moved anything, except `aborted`, which
 * ends a movement. Instruments add codes of their own (`clogged_tip`, `lid_open`, …).
 */
export const failures = {
  invalid_command: 'The command itself is malformed: its id, operation name or fencing token.',
  unknown_operation: 'This instrument has no such operation.',
  invalid_parameters: 'The parameters break the schema of the operation; `faults` names each place.',
  stale_fencing_token: 'The instrument has seen a higher fencing token: the booking of this command is over.',
  instrument_busy: 'Another command is running.',
  execution_id_reused: 'The execution id belongs to a command with other content.',
  aborted: 'The command was stopped by its caller.',
  superseded: 'The command was on record but never started, and a later one took its place.',
} as const;

export type FailureCode = keyof typeof failures;

/** Why a driver call rejects. The outcome of the command is then not known: ask `inquire`. */
export const driverErrors = {
  connection_lost: 'The line to the instrument broke; the instrument may go on.',
  timeout: 'The instrument did not answer in time; it may go on.',
  driver_closed: 'The driver was closed; the instrument may go on.',
  outcome_unknown: 'The instrument cannot tell what became of the command.',
  outcome_forgotten: 'The command ended too long ago: its outcome is no longer kept.',
  memory_failed: 'The record of commands cannot be read or written, so nothing new may move.',
  invalid_settings:
    'The settings of the device are wrong; `faults` names each place. Only `open` rejects with it.',
} as const;

export type DriverErrorCode = keyof typeof driverErrors;

/** A driver call whose outcome is not known (or, from `open`, a device that cannot be opened). */
export class DriverError extends Error {
  readonly code: DriverErrorCode;
  readonly faults: Fault[] | undefined;

  constructor(code: DriverErrorCode, message: string, options: { faults?: Fault[]; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DriverError';
    this.code = code;
    this.faults = options.faults;
  }
}

/** True for a `DriverError` with one of these codes; with any code where none is named. */
export function isDriverError(error: unknown, ...codes: DriverErrorCode[]): error is DriverError {
  return error instanceof DriverError && (codes.length === 0 || codes.includes(error.code));
}
