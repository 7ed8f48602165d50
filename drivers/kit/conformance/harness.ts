import assert from 'node:assert/strict';
import type { Command, Driver, FollowOptions, Inquiry, Outcome } from '../driver.ts';

/** One instrument on a bench, and what a test has to know of it. Made anew for every test. */
export interface ConformanceHarness {
  /**
   * Connects. Called again without a close in between, it stands for the process that replaces a crashed one;
   * the first driver is then a process that was thought dead and is not.
   */
  open(): Promise<Driver>;
  /** An operation that takes time, with parameters that are valid. */
  operation: string;
  parameters: Record<string, unknown>;
  /** Other valid parameters of it. */
  otherParameters: Record<string, unknown>;
  /** Parameters of it that are not valid, and the paths of all their faults, as `parameters.volume_ul`. */
  invalid: { parameters: Record<string, unknown>; paths: string[] };
  /** Lets time pass until whatever moves has ended. */
  finish(): Promise<void>;
  /** How often the hardware has begun to move for this command. */
  movements(execution_id: string): number;
  /** True where commands are remembered after the driver was closed or its process died. */
  remembers: boolean;
  /** Closes every driver that was opened, and removes what the test left behind. */
  dispose(): Promise<void>;
}

export interface ConformanceCase {
  name: string;
  /** Left out where the promise is the same for an instrument that remembers and one that does not. */
  memory?: 'needed' | 'absent';
  run(harness: ConformanceHarness): Promise<void>;
}

export function commandOf(
  harness: ConformanceHarness,
  execution_id: string,
  changes: Partial<Command> = {},
): Command {
  const { operation, parameters } = harness;
  return { execution_id, operation, parameters, fencing_token: 7, ...changes };
}

/** Resolves when the hardware moves. `outcome` may be awaited later, and may reject unobserved. */
export async function moving(
  driver: Driver,
  command: Command,
  options: FollowOptions = {},
): Promise<{ outcome: Promise<Outcome> }> {
  let outcome: Promise<Outcome> | undefined;
  await new Promise<void>((resolve, reject) => {
    outcome = driver.execute(command, { ...options, onProgress: () => resolve() });
    outcome.then((ended) => reject(new Error(`ended without progress: ${JSON.stringify(ended)}`)), reject);
  });
  assert.ok(outcome);
  return { outcome };
}

/** Sends commands at once. Resolves with their outcomes when one moves and the others have been refused. */
export async function oneMoves(calls: readonly [Driver, Command][]): Promise<Promise<Outcome>[]> {
  let outcomes: Promise<Outcome>[] = [];
  const moves = new Promise<void>((resolve) => {
    outcomes = calls.map(([driver, command]) => driver.execute(command, { onProgress: () => resolve() }));
  });
  let open = outcomes.length;
  const refused = new Promise<void>((resolve, reject) => {
    for (const outcome of outcomes) {
      outcome.then(() => {
        open -= 1;
        if (open <= 1) resolve();
      }, reject);
    }
  });
  await Promise.all([moves, refused]);
  return outcomes;
}

/** Executes one command from beginning to end. */
export async function complete(
  harness: ConformanceHarness,
  driver: Driver,
  command: Command,
): Promise<Outcome> {
  const { outcome } = await moving(driver, command);
  await harness.finish();
  return outcome;
}

export function assertFailed(outcome: Outcome | Inquiry, code: string): void {
  const seen = outcome.status === 'failed' ? outcome.error.code : outcome.status;
  assert.equal(seen, code, `expected a failure with ${code}: ${JSON.stringify(outcome)}`);
}

/** What an inquiry about a command that has never moved must say. */
export function assertNeverMoved(harness: ConformanceHarness, inquiry: Inquiry, execution_id: string): void {
  assert.equal(inquiry.status, harness.remembers ? 'not_started' : 'unknown');
  assert.equal(harness.movements(execution_id), 0);
}
