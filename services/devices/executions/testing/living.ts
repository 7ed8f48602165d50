import type { Driver } from '@labwright/driver-kit';
import type { ExecutionBench, Process, ProcessOptions } from './execution-bench.ts';

/** Processes that live, and are succeeded by others. */
export interface Living {
  newName(what: string): string;
  start(options?: ProcessOptions): Promise<Process>;
  /** A device of its own, and a request to mix on it. */
  mixing(wait_seconds?: number): ReturnType<typeof mixOn>;
  /** Another process starts when the leases of the dead have run out. `following` resolves when it follows a movement. */
  successor(change?: (driver: Driver) => Driver): Promise<Process & { following: Promise<void> }>;
  /** For after each test: what it leaves behind would take over what the next one lets go of. */
  stopAll(): Promise<void>;
}

export function livingOn(bench: () => ExecutionBench): Living {
  const started: Process[] = [];
  let names = 0;

  const living: Living = {
    newName: (what) => {
      names += 1;
      return `${what}-${names}`;
    },

    mixing: (wait_seconds = 0) => mixOn(bench(), living.newName('execution'), wait_seconds),

    start: async (options = {}) => {
      const process = await bench().process(options);
      started.push(process);
      return process;
    },

    successor: async (change = (driver) => driver) => {
      const following = Promise.withResolvers<void>();
      await bench().buryTheDead();
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

    stopAll: async () => {
      await Promise.all(started.splice(0).map(({ executions }) => executions.stop()));
    },
  };
  return living;
}

async function mixOn(bench: ExecutionBench, execution_id: string, wait_seconds: number) {
  const device = await bench.device();
  const request = { device_id: device.id, workflow_id: 'w1', operation: 'mix', parameters: {}, execution_id };
  return { ...device, execution_id, request: { ...request, wait_seconds } };
}
