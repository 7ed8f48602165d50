import { describe, test } from 'node:test';
import type { ConformanceCase, ConformanceHarness } from './conformance/harness.ts';
import { lifecycle } from './conformance/lifecycle.ts';
import { memory } from './conformance/memory.ts';
import { refusals } from './conformance/refusals.ts';

export type { ConformanceCase, ConformanceHarness } from './conformance/harness.ts';

/** What every driver must do. Exported so that a test can show that each case catches a driver which does not. */
export const conformanceCases: readonly ConformanceCase[] = [...lifecycle, ...refusals, ...memory];

/**
 * Registers with `node:test` the tests that every driver must pass, once for each kind of memory that it offers.
 * `makeHarness` is called for each test, and the harness is disposed of after it. No test sleeps: `finish` moves
 * the time of the instrument.
 */
export function driverConformance(
  name: string,
  makeHarness: (options: { remembers: boolean }) => Promise<ConformanceHarness>,
  { remembers: kinds = [true, false] }: { remembers?: readonly boolean[] } = {},
): void {
  for (const remembers of kinds) {
    describe(`${name} with${remembers ? '' : 'out'} memory keeps the promises of a driver`, () => {
      for (const { name: promise, run, memory: needed } of conformanceCases) {
        if (needed && (needed === 'needed') !== remembers) continue;
        test(promise, { timeout: 20_000 }, async () => {
          const harness = await makeHarness({ remembers });
          try {
            await run(harness);
          } finally {
            await harness.dispose();
          }
        });
      }
    });
  }
}
