import type { Execution } from '@labwright/contract-devices';
import type { Command, Driver, Inquiry } from '@labwright/driver-kit';

/**
 * One execution from its record to its outcome:
 *
 *     send ──outcome──> settled
 *      │ the driver does not know            ask ──outcome──> settled
 *      └───────────────> ask                  │ runs ──────────> follow it to its end
 *                                             │ never began ───> send, if the booking still holds; else `not_started`
 *                                             │ nobody knows ──> send anew, where that is safe; else `unknown`
 *                                             └ no answer ─────> ask again, some times; then `unknown`
 *
 * Whoever has it in hand as the first begins with `send`, everybody later with `ask`.
 */
export interface Task {
  readonly execution: Execution;
  /** False: somebody may have sent it before. */
  readonly isNew: boolean;
  readonly safeToRepeat: boolean;
  /** Rejects where the driver cannot be opened. */
  driver(): Promise<Driver>;
  /** The driver is of no use any more: the next `driver()` opens another one. */
  discardDriver(): void;
  /** False as soon as this process cannot be sure that the job is its own. Then it sends and asks nothing. */
  mayAct(): boolean;
  /** Why nothing may be begun for this execution any more; null where it may. */
  obstacle(): Promise<string | null>;
  /** Fires where somebody wants the movement stopped. */
  readonly abort: AbortSignal;
  /** Waits some milliseconds, less when the task is given up. */
  pause(ms: number): Promise<void>;
}

/** What became of it. `timed`: the time until now is the time that it took. */
export type Verdict =
  | { status: 'succeeded'; result: Record<string, unknown>; timed: boolean }
  | { status: 'failed' | 'unknown'; error: { code: string; message: string }; timed: boolean };

/** Milliseconds before the instrument is asked once more, after it could not be asked. */
const pausesBetweenQuestions = [500, 1_000, 2_000, 4_000, 8_000];
/** How often one command is sent that certainly has not begun. */
const mostSends = 3;
/** How often an operation that is safe to repeat is done anew when nobody knows what became of it. */
const mostRepeats = 2;

export const unknownOutcome = (message: string): Verdict => ({
  status: 'unknown',
  error: { code: 'outcome_unknown', message },
  timed: false,
});

export const failure = (code: string, message: string): Verdict => ({
  status: 'failed',
  error: { code, message },
  timed: false,
});

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Resolves with the verdict, or with undefined where the task was given up. Does not reject. */
export async function drive(task: Task): Promise<Verdict | undefined> {
  const { execution } = task;
  const { execution_id, fencing_token, operation, parameters } = execution;
  if (execution_id === null || fencing_token === null)
    return unknownOutcome(
      'It is on record without its execution_id or fencing token, so nobody can be asked about it.',
    );

  const command: Command = { execution_id, operation, parameters, fencing_token };
  let next: 'send' | 'ask' = task.isNew ? 'send' : 'ask';
  let mayHaveMoved = !task.isNew;
  let seen = task.isNew;
  let sends = 0;
  let repeats = 0;
  let unanswered = 0;

  while (task.mayAct()) {
    let driver: Driver;
    let inquiry: Inquiry;
    try {
      driver = await task.driver();
    } catch (error) {
      const why = `The driver of ${execution.device_id} cannot be opened: ${textOf(error)}`;
      if (!mayHaveMoved) return failure('driver_unavailable', `${why}. Nothing has moved.`);
      if (await givesUp(task, unanswered)) return unknownOutcome(why);
      unanswered += 1;
      continue;
    }
    if (!task.mayAct()) break;

    if (next === 'send') {
      sends += 1;
      mayHaveMoved = true;
      try {
        return settled(await driver.execute(command, { signal: task.abort }), seen);
      } catch {
        // Whatever the reason, the instrument is asked: it may have begun, and may go on.
        next = 'ask';
        continue;
      }
    }

    try {
      inquiry = await driver.inquire(command.execution_id);
    } catch (error) {
      task.discardDriver();
      if (await givesUp(task, unanswered)) return unknownOutcome(textOf(error));
      unanswered += 1;
      continue;
    }
    unanswered = 0;
    if (inquiry.status === 'running') {
      try {
        inquiry = await driver.wait(command.execution_id, { signal: task.abort });
        seen = true;
      } catch {
        // It runs, by its own word: it is worth asking for as long as it says so.
        await task.pause(1_000);
        continue;
      }
    }
    switch (inquiry.status) {
      case 'succeeded':
      case 'failed':
        return settled(inquiry, seen);
      case 'not_started': {
        if (sends === mostSends)
          return failure(
            'not_started',
            `The instrument did not take the command, sent ${sends} times. Nothing has moved.`,
          );
        const obstacle = await task.obstacle();
        if (!task.mayAct()) break;
        if (obstacle !== null)
          return failure('not_started', `It had not begun, and ${obstacle}. Nothing has moved.`);
        next = 'send';
        break;
      }
      case 'unknown': {
        const { reason } = inquiry;
        if (!task.safeToRepeat || repeats === mostRepeats) return unknownOutcome(reason);
        const obstacle = await task.obstacle();
        if (!task.mayAct()) break;
        if (obstacle !== null) return unknownOutcome(reason);
        repeats += 1;
        sends = 0;
        command.execution_id = repeatId(execution, repeats);
        next = 'send';
        break;
      }
    }
  }
  return undefined;
}

/** Pauses before the next question, or says that there were enough. */
async function givesUp(task: Task, unanswered: number): Promise<boolean> {
  const ms = pausesBetweenQuestions[unanswered];
  if (ms === undefined) return task.mayAct();
  await task.pause(ms);
  return false;
}

/**
 * The driver does a command once for each id, so a repetition needs one of its own: always the same, so that it
 * is done once as well, and longer than any id that a caller may give.
 */
function repeatId({ id }: Execution, repeat: number): string {
  return `${id.padStart(64, '0')}-repeat-${repeat}`;
}

function settled(
  outcome: Exclude<Inquiry, { status: 'running' | 'not_started' | 'unknown' }>,
  timed: boolean,
): Verdict {
  if (outcome.status === 'succeeded') return { status: 'succeeded', result: outcome.result, timed };
  const { code, message } = outcome.error;
  return { status: 'failed', error: { code, message }, timed };
}
