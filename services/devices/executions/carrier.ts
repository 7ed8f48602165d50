import type { Execution } from '@labwright/contract-devices';
import { type Handler, handle, JobCancelled, type JobContext } from '@labwright/jobs';
import type { DevicesDeps } from '../deps.ts';
import { drive, failure, type Task, unknownOutcome, type Verdict } from './drive.ts';
import { createDrivers } from './drivers.ts';
import { type OperationArgs, operationTask } from './job.ts';
import { settle } from './settle.ts';
import { abortsAsked, settingsOf, situationOf, type TakenInHand, takeInHand } from './statements.ts';
import type { WaitingRoom } from './waiting.ts';

/**
 * The executions that this process carries out, each as a job.
 *
 *     job claimed ──taken in hand──> driven ──outcome, event and end of the job in one transaction──> (ended)
 *                        │              └──the job may become another's──> let go: nothing is recorded
 *                        └──not running any more──> nothing to do, the job ends
 *
 * To let go is to close the driver: the instrument goes on, and whoever gets the job next asks it. Not the number of the attempt
 * tells whether something may have been sent (a job that is handed back does not count), but `drives` in the log.
 */
export interface Carrier {
  readonly handler: Handler;
  /** How many it carries out. */
  running(): number;
  has(execution: Execution): boolean;
  /** Stops the movement where it is ours. */
  abort(execution: { id: string; device_id: string }, why: string): void;
  /** Stops what somebody wants stopped, where nobody told us. */
  lookForAborts(): Promise<void>;
  /** Closes the drivers that idle and were opened for settings that have changed. */
  tidyDrivers(): Promise<void>;
  /** Closes the drivers; when no job is in hand any more. */
  close(): Promise<void>;
}

interface Run {
  /** Undefined until it is taken in hand. */
  execution: Execution | undefined;
  letGo: AbortController;
  abort: AbortController;
}

/** How many workers may die of one execution until nobody touches it any more. */
const mostAttempts = 10;

export function createCarrier(
  deps: DevicesDeps,
  waiting: WaitingRoom,
  ended: (execution: Execution) => void,
): Carrier {
  const { clock, db, log, models } = deps;
  /** By device: one operation at a time. */
  const runs = new Map<string, Run>();
  const drivers = createDrivers(deps);

  const pause = async (ms: number, signal: AbortSignal) => {
    await clock.sleep(ms, signal).catch(() => {});
  };

  const letGo = (deviceId: string, run: Run, why: string) => {
    if (run.letGo.signal.aborted) return;
    log.warn({ execution_id: run.execution?.execution_id, device_id: deviceId }, `let go: ${why}`);
    run.letGo.abort(new Error(why));
    drivers.discard(deviceId);
    if (run.execution) waiting.wake(run.execution);
  };

  const abort = (deviceId: string, run: Run, why: string) => {
    if (run.abort.signal.aborted) return;
    const execution_id = run.execution?.execution_id;
    log.warn({ execution_id, device_id: deviceId }, `the instrument is told to stop: ${why}`);
    run.abort.abort(new Error(why));
  };

  /** Repeats a question to the database until it is answered; undefined where the run is let go first. */
  const untilAnswered = async <T>(run: Run, ask: () => Promise<T>): Promise<T | undefined> => {
    for (let ms = 200; ; ms = Math.min(ms * 2, 2_000)) {
      try {
        return await ask();
      } catch (error) {
        log.warn({ err: error, execution_id: run.execution?.execution_id }, 'the database is asked again');
        if (run.letGo.signal.aborted) return undefined;
        await pause(ms, run.letGo.signal);
        if (run.letGo.signal.aborted) return undefined;
      }
    }
  };

  const obstacleTo = async (run: Run, { device_id, fencing_token }: Execution): Promise<string | null> => {
    if (run.abort.signal.aborted) return 'it was told to stop';
    const device = await untilAnswered(
      run,
      async () => (await db.first(situationOf, [device_id, null])) ?? null,
    );
    return obstacle(fencing_token, device?.fencing_token ?? null, device?.paused ?? false);
  };

  const taskOf = (run: Run, taken: TakenInHand): Task => {
    const { device_id, device_type, operation, settings, settings_revision } = taken;
    return {
      execution: taken,
      isNew: taken.drives === 1,
      safeToRepeat: models.get(device_type)?.operations.get(operation)?.safe_to_repeat ?? false,
      driver: () =>
        settings === null || settings_revision === null
          ? Promise.reject(new Error('the device was deleted'))
          : drivers.get({ id: device_id, type: device_type, settings, settings_revision }),
      discardDriver: () => drivers.discard(device_id),
      abort: run.abort.signal,
      mayAct: () => !run.letGo.signal.aborted,
      obstacle: () => obstacleTo(run, taken),
      pause: (ms) => pause(ms, run.letGo.signal),
    };
  };

  const judge = async (run: Run, taken: TakenInHand, attempt: number): Promise<Verdict | undefined> => {
    if (attempt > mostAttempts)
      return unknownOutcome(
        `${mostAttempts} processes ended while they carried it out; nobody asks the instrument any more.`,
      );
    if (taken.drives === 1) {
      const why = obstacle(taken.fencing_token, taken.held_under, taken.paused ?? false);
      if (why !== null) return failure('not_started', `It had not begun, and ${why}. Nothing has moved.`);
    } else log.warn({ execution_id: taken.execution_id, device_id: taken.device_id }, 'taken over');
    return drive(taskOf(run, taken)).catch((error) => {
      log.error({ err: error, execution_id: taken.execution_id }, 'an execution failed on our side');
      return unknownOutcome('Something went wrong on our side; the log has it.');
    });
  };

  const carryOut = async (run: Run, args: OperationArgs, context: JobContext): Promise<void> => {
    const taken = await untilAnswered(
      run,
      async () => (await db.first(takeInHand, [args.device_id, args.execution_id])) ?? null,
    );
    // It has ended: an attempt before recorded it, or it was stopped before it began.
    if (!taken) return;
    await dueTimers();
    run.execution = taken;
    if (taken.abort_reason !== null) abort(args.device_id, run, taken.abort_reason);
    const verdict = await judge(run, taken, context.attempt);
    if (!verdict) return;
    // Also tried where the run was let go meanwhile: what certainly happened is worth recording while the job is ours.
    const settled = await untilAnswered(run, () =>
      settle(deps, taken, verdict, context, { tellOthers: args.asked_by !== deps.runner }),
    );
    if (!settled) return waiting.wake(taken);
    ended(settled);
    log.info(
      { execution_id: taken.execution_id, device_id: taken.device_id, status: settled.status },
      'an execution ended',
    );
  };

  const begin = async (args: OperationArgs, context: JobContext): Promise<void> => {
    const { device_id } = args;
    const run: Run = {
      execution: undefined,
      letGo: new AbortController(),
      abort: new AbortController(),
    };
    const lost = () => {
      const why: unknown = context.signal.reason;
      // Whoever cancels the job wants the movement stopped; how that ends is recorded as ever.
      if (why instanceof JobCancelled) abort(device_id, run, why.message);
      else letGo(device_id, run, why instanceof Error ? why.message : String(why));
    };
    runs.set(device_id, run);
    context.signal.addEventListener('abort', lost, { once: true });
    if (context.signal.aborted) lost();
    try {
      await carryOut(run, args, context);
    } finally {
      context.signal.removeEventListener('abort', lost);
      // It may have been let go and taken in hand again meanwhile: then the new run stays.
      if (runs.get(device_id) === run) runs.delete(device_id);
    }
  };

  const handler = handle(operationTask, begin);

  return {
    handler,
    running: () => runs.size,
    has: (execution) => runs.get(execution.device_id)?.execution?.id === execution.id,

    abort: ({ id, device_id }, why) => {
      const run = runs.get(device_id);
      // One that is being taken in hand just now is the one that runs on the device.
      if (run && (run.execution === undefined || run.execution.id === id)) abort(device_id, run, why);
    },

    lookForAborts: async () => {
      const ids = [...runs.values()].flatMap(({ execution }) => (execution ? [execution.id] : []));
      if (ids.length === 0) return;
      for (const { id, device_id, abort_reason } of await db.query(abortsAsked, [ids])) {
        const run = runs.get(device_id);
        if (run?.execution?.id === id) abort(device_id, run, abort_reason);
      }
    },

    tidyDrivers: async () => {
      const open = drivers.open();
      if (open.length === 0) return;
      const found = await db.query(settingsOf, [open]);
      const current = new Map(found.map((device) => [device.id, device]));
      // Looked at after the answer: a run that began meanwhile keeps its driver.
      for (const id of open)
        if (!runs.has(id) && drivers.isOutdated(id, current.get(id))) drivers.discard(id);
    },

    close: async () => {
      for (const [deviceId, run] of runs) letGo(deviceId, run, 'this process stops; the instrument goes on');
      await drivers.close();
    },
  };
}

function obstacle(token: number | null, heldUnder: number | null, paused: boolean): string | null {
  if (heldUnder === null || heldUnder !== token) return 'the booking under which it was asked for is over';
  return paused ? 'the device is paused' : null;
}

/**
 * Resolves when the timers that are due have fired: in a process that was stopped for a while, an answer comes before the
 * timer that says that the job is not its own any more.
 */
async function dueTimers(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
