import type { Driver } from '@labwright/driver-kit';
import { type ManualClock, manualClock } from '@labwright/kernel/clock';
import { defaultSettings } from '../../deps.ts';
import type { ExecutionBench, Process, ProcessOptions, WatchedDb } from './execution-bench.ts';
import { watchDb } from './execution-bench.ts';

/** A process whose time a test moves, beat by beat, each with all that it starts. */
export interface TickingProcess extends Process {
  readonly clock: ManualClock;
  readonly database: WatchedDb;
  beats(count: number): Promise<void>;
}

/** Processes that live, die and are succeeded by others. */
export interface Living {
  newName(what: string): string;
  start(options?: ProcessOptions & { clock?: ManualClock }): Promise<Process>;
  ticking(what: string): Promise<TickingProcess>;
  /** Another process starts when the leases have run out. `following` resolves when it follows a movement. */
  successor(change?: (driver: Driver) => Driver): Promise<Process & { following: Promise<void> }>;
  /** Where time stands still it has to be moved, for the stop to end. */
  stop(process: Process, clock?: ManualClock): Promise<void>;
  /** For after each test: what it leaves behind would take over what the next one lets go of. */
  stopAll(): Promise<void>;
}

export function livingOn(bench: () => ExecutionBench): Living {
  const started: { process: Process; clock: ManualClock | undefined }[] = [];
  let names = 0;

  const living: Living = {
    newName: (what) => {
      names += 1;
      return `${what}-${names}`;
    },

    start: async (options = {}) => {
      const process = await bench().process(options);
      started.push({ process, clock: options.clock });
      await process.executions.start();
      return process;
    },

    ticking: async (what) => {
      const clock = manualClock();
      const database = watchDb(bench().db);
      const process = await living.start({ runner: living.newName(what), clock, db: database.db });
      const beats = async (count: number) => {
        for (let beat = 0; beat < count; beat += 1) {
          await clock.advance(defaultSettings.leaseMs / 6);
          await database.idle();
        }
      };
      return { ...process, clock, database, beats };
    },

    successor: async (change = (driver) => driver) => {
      const following = Promise.withResolvers<void>();
      await bench().expireLeases();
      const process = await living.start({
        runner: living.newName('successor'),
        spoil: (driver) => ({
          ...change(driver),
          wait: (...args) => {
            following.resolve();
            return driver.wait(...args);
          },
        }),
      });
      return { ...process, following: following.promise };
    },

    stop: async (process, clock) => {
      let over = false;
      const stopped = process.executions.stop().finally(() => {
        over = true;
      });
      // Slowly, and never as far as a lease reaches: a clock that outruns the database would lose the leases.
      for (let elapsed = 0; clock && !over; ) {
        if (elapsed < 9_000) {
          elapsed += 500;
          await clock.advance(500);
        }
        for (let turn = 0; turn < 4; turn += 1) await bench().db.ping();
      }
      await stopped;
    },

    stopAll: async () => {
      await Promise.all(started.splice(0).map(({ process, clock }) => living.stop(process, clock)));
    },
  };
  return living;
}
