import type { Execution } from '@labwright/contract-devices';
import type { DevicesDeps } from '../deps.ts';
import type { Begun } from './begin.ts';
import { drive, type Task, unknownOutcome, type Verdict } from './drive.ts';
import { createDrivers } from './drivers.ts';
import { executionMetrics } from './metrics.ts';
import { settle } from './settle.ts';
import { giveUpLeases, renewLeases, settingsOf, situationOf, takeOver } from './statements.ts';
import type { WaitingRoom } from './waiting.ts';

/**
 * The executions that this process carries out.
 *
 *     (new, or its lease ran out) ──take──> ours ──settled──> (ended)
 *                                            ├──the lease could not be renewed, or another process has it──> let go
 *                                            └──stop──> let go, the lease given up
 *
 * A lease is kept in the database and counts by its clock. This process trusts its own leases for two thirds of
 * `leaseMs` from the moment at which it asked for the last renewal that succeeded, by its own clock: so it lets go before
 * another may take over. To let go is to close the driver: the instrument goes on, and whoever takes over asks it.
 */
export interface Runner {
  /** Carries out an execution that was just put on record. */
  take(begun: Begun & { ours: true }): void;
  /** Takes over what nobody carries out any more. */
  recover(): Promise<void>;
  /** Renews leases where it is time and lets go of what cannot be trusted; called six times a lease. */
  beat(): void;
  has(execution: Execution): boolean;
  /** Stops the movement where it is ours; another process hears of it when it renews its lease. */
  abort(execution: Execution, why: string): void;
  /** Closes the drivers that idle and were opened for settings that have changed. */
  tidyDrivers(): Promise<void>;
  /** Waits until nothing runs, at most `ms` milliseconds. */
  drain(ms: number): Promise<void>;
  /** Lets go of what still runs, for the next process to take over at once, and closes the drivers. */
  stop(): Promise<void>;
}

interface Run {
  execution: Execution;
  /** By our clock, when the last renewal that succeeded was asked for. */
  leasedAt: number;
  /** Its outcome is on its way into the database. */
  settling: boolean;
  letGo: AbortController;
  abort: AbortController;
  ended: Promise<void>;
}

export function createRunner(deps: DevicesDeps, waiting: WaitingRoom): Runner {
  const { clock, db, log, models, runner, settings } = deps;
  const { leaseMs } = settings;
  const runs = new Map<string, Run>();
  const drivers = createDrivers(deps);
  const count = executionMetrics(deps.metrics, () => runs.size);
  let renewing: Promise<void> | undefined;
  let beatsUntilRenewal = 0;

  const pause = async (ms: number, signal: AbortSignal) => {
    await clock.sleep(ms, signal).catch(() => {});
  };
  const isTrusted = (run: Run) => !run.letGo.signal.aborted && clock.now() - run.leasedAt < (leaseMs * 2) / 3;

  /** It may have been let go and taken over again meanwhile: then the new run stays. */
  const forget = (run: Run) => {
    if (runs.get(run.execution.id) === run) runs.delete(run.execution.id);
  };

  const letGo = (run: Run, why: string) => {
    if (run.letGo.signal.aborted) return;
    const { execution } = run;
    log.warn({ execution_id: execution.execution_id, device_id: execution.device_id }, `let go: ${why}`);
    run.letGo.abort(new Error(why));
    forget(run);
    drivers.discard(execution.device_id);
    waiting.wake(execution);
  };

  /** Repeats a question to the database until it is answered; undefined where the run is let go first. */
  const untilAnswered = async <T>(run: Run, ask: () => Promise<T>): Promise<T | undefined> => {
    for (let ms = 200; ; ms = Math.min(ms * 2, 2_000)) {
      try {
        return await ask();
      } catch (error) {
        log.warn({ err: error, execution_id: run.execution.execution_id }, 'the database is asked again');
        if (run.letGo.signal.aborted) return undefined;
        await pause(ms, run.letGo.signal);
        if (run.letGo.signal.aborted) return undefined;
      }
    }
  };

  const carryOut = async (run: Run, task: Task): Promise<void> => {
    const { execution } = run;
    const verdict: Verdict | undefined = await drive(task).catch((error) => {
      log.error({ err: error, execution_id: execution.execution_id }, 'an execution failed on our side');
      return unknownOutcome('Something went wrong on our side; the log has it.');
    });
    if (!verdict) return letGo(run, 'its lease could not be renewed in time');
    run.settling = true;
    // Also tried where the run was let go meanwhile: what certainly happened is worth recording while it is ours.
    const settled = await untilAnswered(run, () => settle(deps, execution, verdict));
    forget(run);
    if (!settled) return waiting.wake(execution);
    deps.announce();
    waiting.tell(settled);
    count(settled);
    log.info(
      { execution_id: execution.execution_id, device_id: execution.device_id, status: settled.status },
      'an execution ended',
    );
  };

  const begin = (execution: Execution, leasedAt: number, more: (run: Run) => Task) => {
    const run: Run = {
      execution,
      leasedAt,
      settling: false,
      letGo: new AbortController(),
      abort: new AbortController(),
      ended: Promise.resolve(),
    };
    runs.set(execution.id, run);
    run.ended = carryOut(run, more(run)).catch((error) => {
      log.error({ err: error, execution_id: execution.execution_id }, 'an execution was dropped on our side');
      letGo(run, 'something went wrong on our side');
    });
  };

  const taskOf = (run: Run, rest: Pick<Task, 'isNew' | 'safeToRepeat' | 'driver'>): Task => ({
    ...rest,
    execution: run.execution,
    discardDriver: () => drivers.discard(run.execution.device_id),
    abort: run.abort.signal,
    mayAct: () => isTrusted(run),
    obstacle: () => obstacleTo(run),
    pause: (ms) => pause(ms, run.letGo.signal),
  });

  const obstacleTo = async (run: Run): Promise<string | null> => {
    const { device_id, fencing_token } = run.execution;
    const device = await untilAnswered(
      run,
      async () => (await db.first(situationOf, [device_id, null])) ?? null,
    );
    if (!device || device.fencing_token !== fencing_token)
      return 'the booking under which it was asked for is over';
    return device.paused ? 'the device is paused' : null;
  };

  const adopt = (execution: Execution, leasedAt: number) => {
    log.warn(
      { execution_id: execution.execution_id, device_id: execution.device_id },
      'an execution was taken over',
    );
    const spec = models.get(execution.device_type)?.operations.get(execution.operation);
    begin(execution, leasedAt, (run) =>
      taskOf(run, {
        isNew: false,
        safeToRepeat: spec?.safe_to_repeat ?? false,
        driver: async () => {
          const [device] =
            (await untilAnswered(run, () => db.query(settingsOf, [[execution.device_id]]))) ?? [];
          if (!device) throw new Error('the device was deleted');
          return drivers.get(device);
        },
      }),
    );
  };

  const abort = (run: Run, why: string) => {
    if (run.abort.signal.aborted) return;
    const { execution_id, device_id } = run.execution;
    log.warn({ execution_id, device_id }, `the instrument is told to stop: ${why}`);
    run.abort.abort(new Error(why));
  };

  const renew = async () => {
    const asked = [...runs.values()];
    const leasedAt = clock.now();
    const kept = await db.query(renewLeases, [asked.map((run) => run.execution.id), runner, leaseMs]);
    const reasons = new Map(kept.map((row) => [row.id, row.abort_reason]));
    for (const run of asked) {
      const why = reasons.get(run.execution.id);
      if (why) abort(run, why);
      if (why !== undefined) run.leasedAt = leasedAt;
      else if (!run.settling) letGo(run, 'another process has taken it over');
    }
  };

  return {
    take: ({ execution, spec, target, leasedAt }) =>
      begin(execution, leasedAt, (run) =>
        taskOf(run, { isNew: true, safeToRepeat: spec.safe_to_repeat, driver: () => drivers.get(target) }),
      ),

    recover: async () => {
      for (let taken = 100; taken === 100; ) {
        const leasedAt = clock.now();
        const found = await db.query(takeOver, [runner, leaseMs, [...runs.keys()]]);
        for (const execution of found) adopt(execution, leasedAt);
        taken = found.length;
      }
    },

    beat: () => {
      for (const run of runs.values()) {
        if (!isTrusted(run)) letGo(run, 'its lease could not be renewed in time');
      }
      beatsUntilRenewal -= 1;
      if (runs.size === 0 || renewing || beatsUntilRenewal > 0) return;
      renewing = renew().then(
        () => {
          renewing = undefined;
          beatsUntilRenewal = 2;
        },
        (error) => {
          renewing = undefined;
          log.warn({ err: error }, 'the leases could not be renewed; it is tried again at the next beat');
        },
      );
    },

    has: (execution) => runs.has(execution.id),

    abort: (execution, why) => {
      const run = runs.get(execution.id);
      if (run) abort(run, why);
    },

    tidyDrivers: async () => {
      const open = drivers.open();
      if (open.length === 0) return;
      const found = await db.query(settingsOf, [open]);
      const current = new Map(found.map((device) => [device.id, device]));
      // Looked at after the answer: a run that began meanwhile keeps its driver.
      const busy = new Set([...runs.values()].map((run) => run.execution.device_id));
      for (const id of open) {
        if (!busy.has(id) && drivers.isOutdated(id, current.get(id))) drivers.discard(id);
      }
    },

    drain: async (ms) => {
      const timer = new AbortController();
      const ended = Promise.all([...runs.values()].map((run) => run.ended));
      await Promise.race([ended, pause(ms, timer.signal)]);
      timer.abort();
    },

    stop: async () => {
      const left = [...runs.values()];
      for (const run of left) letGo(run, 'this process stops; the instrument goes on');
      await drivers.close();
      await renewing;
      if (left.length === 0) return;
      await db
        .execute(giveUpLeases, [left.map((run) => run.execution.id), runner])
        .catch((error) =>
          log.warn({ err: error }, 'the leases could not be given up; they run out by themselves'),
        );
    },
  };
}
