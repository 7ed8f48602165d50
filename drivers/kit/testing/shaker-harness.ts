import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ManualClock, manualClock } from '@labwright/kernel/clock';
import type { ConformanceHarness } from '../conformance.ts';
import type { Driver } from '../driver.ts';
import { shakerModel } from './shaker.ts';
import { type BenchShaker, benchShaker } from './shaker-port.ts';

export interface ShakerHarness extends ConformanceHarness {
  bench: BenchShaker;
  clock: ManualClock;
}

/** The example driver on a bench; `change` may spoil the driver, to show that a case catches it. */
export async function shakerHarness(options: {
  remembers: boolean;
  change?: (driver: Driver) => Driver;
  /** Claims to remember, and does not. */
  forgetful?: boolean;
}): Promise<ShakerHarness> {
  const { remembers, change = (driver: Driver) => driver, forgetful = false } = options;
  const clock = manualClock();
  const bench = benchShaker(clock);
  const model = shakerModel(bench.connect);
  const folder = remembers && !forgetful ? await mkdtemp(join(tmpdir(), 'labwright-shaker-')) : undefined;
  const opened: Driver[] = [];
  return {
    bench,
    clock,
    remembers,
    operation: 'shake',
    parameters: { speed_rpm: 300 },
    otherParameters: { speed_rpm: 400 },
    invalid: {
      parameters: { speed_rpm: 1, duration: 5 },
      paths: ['parameters.speed_rpm', 'parameters.duration'],
    },
    open: async () => {
      const driver = change(await model.open({ device_id: 'shaker-1', clock, journalFolder: folder }));
      opened.push(driver);
      return driver;
    },
    finish: () => clock.advance(3_600_000),
    movements: bench.movements,
    dispose: async () => {
      await Promise.allSettled(opened.map((driver) => driver.close()));
      if (folder) await rm(folder, { recursive: true });
    },
  };
}
