import { type Clock, systemClock } from '@labwright/kernel/clock';
import type { Fault } from '@labwright/kernel/errors';
import type { Command, Driver, FollowOptions, Inquiry, Outcome } from './driver.ts';
import { DriverError, isDriverError } from './errors.ts';
import { createFollower, type End } from './follow.ts';
import { failed, type Hardware, type Sighting } from './hardware.ts';
import { type CommandRecord, commandDigest } from './memory/ledger.ts';
import type { CommandMemory } from './memory/memory.ts';
import type { OperationSpec } from './operation.ts';
import { validateParameters } from './validation.ts';

export interface GuardOptions {
  device_id: string;
  operations: ReadonlyMap<string, OperationSpec>;
  hardware: Hardware;
  memory: CommandMemory;
  clock?: Clock | undefined;
}

/** What to do about a command that was sent. */
type Admission =
  | { step: 'answer'; outcome: Outcome }
  | { step: 'begin'; record: CommandRecord }
  | { step: 'follow'; record: CommandRecord; seen: Sighting };

/**
 * A `Driver` made of an instrument's bare verbs. It keeps the promises that no instrument keeps by itself:
 * parameters are checked, an execution id moves once, fencing tokens only rise, one command runs at a time.
 */
export function guardedDriver({
  device_id,
  operations,
  hardware,
  memory,
  clock = systemClock,
}: GuardOptions): Driver {
  const follower = createFollower({ hardware, memory, clock });
  const underWay = new Set<Promise<unknown>>();
  let closed: Promise<void> | undefined;

  const driverClosed = () =>
    new DriverError('driver_closed', `the driver of ${device_id} is closed; the instrument may go on`);

  const unknown = (end: Exclude<End, Outcome>): DriverError =>
    end.status === 'unknown'
      ? new DriverError('outcome_unknown', end.reason)
      : new DriverError('outcome_unknown', `${device_id} does not know the command, although it was sent`);

  const outcomeOf = (end: End): Outcome => {
    if (end.status === 'succeeded' || end.status === 'failed') return end;
    throw unknown(end);
  };

  // Commands are judged one after the other, so that no two of them start the same movement.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  };

  /** Why the command may not move anything, as far as can be said without the instrument; or its parameters. */
  const judge = (
    command: Command,
    highestToken: number,
    signal: AbortSignal | undefined,
  ): Outcome | { parameters: Record<string, unknown> } => {
    const { fencing_token, operation } = command;
    if (fencing_token < highestToken) return stale(device_id, fencing_token, highestToken);
    const spec = operations.get(operation);
    if (!spec) {
      const known = [...operations.keys()].join(', ');
      return failed('unknown_operation', `${device_id} has no operation "${operation}"; it has: ${known}`);
    }
    const checked = validateParameters(spec, command.parameters);
    if ('faults' in checked) return invalid('invalid_parameters', checked.faults);
    if (signal?.aborted) return failed('aborted', 'stopped before it started; nothing has moved');
    return checked;
  };

  const admit = async (command: Command, signal: AbortSignal | undefined): Promise<Admission> => {
    const { execution_id, operation, fencing_token } = command;
    const digest = commandDigest(operation, command.parameters);
    for (;;) {
      const ledger = await memory.read();
      const { highestToken, running } = ledger;
      const known = ledger.find(execution_id);
      if (!known && ledger.forgot(execution_id)) throw forgotten(execution_id);
      const judged = judge(command, highestToken, signal);
      // The entry of an accepted command raises the token by itself; wherever there may be none, it is raised here.
      if (fencing_token > highestToken && (known || running || 'status' in judged)) {
        await memory.append({ kind: 'token', fencing_token });
      }
      if (known) return admitKnown(known, digest, 'status' in judged ? judged : undefined);
      if ('status' in judged) return { step: 'answer', outcome: judged };
      const other = await follower.stillRunning();
      if (other) return { step: 'answer', outcome: busy(device_id, other) };
      const planned = {
        ...judged,
        execution_id,
        digest,
        operation,
        fencing_token,
        accepted_at: clock.now(),
      };
      const record = { ...planned, detail: hardware.plan?.(planned, await memory.read()) ?? {} };
      follower.reserve(execution_id);
      const verdict = await memory.append({ kind: 'accept', record }).catch((error) => {
        follower.release(execution_id);
        throw error;
      });
      if (verdict === 'accepted') return { step: 'begin', record };
      follower.release(execution_id);
      // Another process came between our reading and our writing: judge again with its command on record.
    }
  };

  /** A caller that is refused may still learn what became of its command; it may not start it. */
  const admitKnown = async (
    known: CommandRecord,
    digest: string,
    refusal: Outcome | undefined,
  ): Promise<Admission> => {
    if (known.digest !== digest) return { step: 'answer', outcome: reused(known) };
    if (known.end) return { step: 'answer', outcome: outcomeOf(known.end) };
    const seen = await follower.look(known);
    if (seen.status !== 'not_started') return { step: 'follow', record: known, seen };
    // Its process died between putting it on record and starting it.
    if (refusal) return { step: 'answer', outcome: refusal };
    follower.reserve(known.execution_id);
    return { step: 'begin', record: known };
  };

  const execute = async (command: Command, options: FollowOptions): Promise<Outcome> => {
    const faults = commandFaults(command);
    if (faults.length > 0) return invalid('invalid_command', faults);
    const admission = await inTurn(() => admit(command, options.signal));
    switch (admission.step) {
      case 'answer':
        return admission.outcome;
      case 'begin':
        return outcomeOf(await follower.begin(admission.record, options));
      case 'follow':
        return outcomeOf(await follower.follow(admission.record, admission.seen, options));
    }
  };

  const inquire = async (execution_id: string): Promise<Inquiry> => {
    const ledger = await memory.read();
    const record = ledger.find(execution_id);
    if (record) return follower.glance(record);
    if (ledger.forgot(execution_id)) return { status: 'unknown', reason: forgotten(execution_id).message };
    if (memory.durable) return { status: 'not_started' };
    return { status: 'unknown', reason: `${device_id} does not remember commands from before it was opened` };
  };

  const wait = async (execution_id: string, options: FollowOptions): Promise<End> => {
    const record = (await memory.read()).find(execution_id);
    if (record?.end) return record.end;
    if (record) return follower.follow(record, await follower.look(record), options);
    const inquiry = await inquire(execution_id);
    // It was accepted between the two readings: now it is on record.
    return inquiry.status === 'running' ? wait(execution_id, options) : inquiry;
  };

  const call = <T>(work: () => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(driverClosed());
    const result = work().catch((error) => {
      // The line broke because we hung up.
      if (closed && isDriverError(error, 'connection_lost')) throw driverClosed();
      throw error;
    });
    underWay.add(result);
    const done = () => underWay.delete(result);
    result.then(done, done);
    return result;
  };

  const close = async (): Promise<void> => {
    follower.close();
    try {
      await hardware.close();
      await Promise.allSettled(underWay);
    } finally {
      await memory.close();
    }
  };

  return {
    operations,
    execute: (command, options = {}) => call(() => execute(command, options)),
    inquire: (execution_id) => call(() => inquire(execution_id)),
    wait: (execution_id, options = {}) => call(() => wait(execution_id, options)),
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

function commandFaults(command: Command): Fault[] {
  const faults: Fault[] = [];
  const { execution_id, fencing_token } = command;
  if (typeof execution_id !== 'string' || execution_id.length === 0 || execution_id.length > 200) {
    faults.push({ path: 'execution_id', message: 'must be a text of 1 to 200 characters' });
  }
  if (!Number.isSafeInteger(fencing_token) || fencing_token < 0) {
    faults.push({ path: 'fencing_token', message: 'must be a whole number, 0 or more' });
  }
  return faults;
}

function invalid(code: 'invalid_command' | 'invalid_parameters', faults: Fault[]): Outcome {
  return failed(code, faults.map(({ path, message }) => `${path} ${message}`).join('; '), { faults });
}

function stale(device_id: string, token: number, seen: number): Outcome {
  return failed('stale_fencing_token', `${device_id} has seen fencing token ${seen}; ${token} is over`);
}

function busy(device_id: string, other: CommandRecord): Outcome {
  return failed('instrument_busy', `${device_id} is busy with ${other.operation} (${other.execution_id})`);
}

function reused(known: CommandRecord): Outcome {
  const { execution_id, operation } = known;
  return failed(
    'execution_id_reused',
    `${execution_id} is another command (${operation}); nothing was done now`,
  );
}

function forgotten(execution_id: string): DriverError {
  return new DriverError(
    'outcome_forgotten',
    `${execution_id} ended too long ago; its outcome is no longer kept`,
  );
}
