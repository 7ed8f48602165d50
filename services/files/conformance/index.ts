import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { OpenStore } from '../index.ts';
import { type Bench, type BenchOptions, openBench } from '../testing/bench.ts';
import { lifeTests } from './life.ts';
import { piecesTests } from './pieces.ts';
import { refusalTests } from './refusals.ts';
import { sweepTests } from './sweeps.ts';

/** What a store is tested with: how it is opened, or undefined where this machine has none. */
export interface Candidate {
  readonly open: OpenStore;
  readonly close: () => Promise<void>;
}

export type OnBench = (
  name: string,
  run: (bench: Bench, t: TestContext) => Promise<void>,
  options?: BenchOptions,
) => void;

/** What every store of files promises, seen by those who send, fetch and sweep. */
export function fileStoreConformance(name: string, prepare: () => Promise<Candidate | undefined>): void {
  describe(`files on ${name}`, () => {
    let candidate: Candidate | undefined;
    before(async () => {
      candidate = await prepare();
    });
    after(() => candidate?.close());

    const onBench: OnBench = (title, run, options) =>
      void test(title, async (t) => {
        if (!candidate) return t.skip(`this machine has no ${name}`);
        const bench = await openBench(candidate.open, options);
        try {
          await run(bench, t);
        } finally {
          await bench.close();
        }
      });

    lifeTests(onBench);
    refusalTests(onBench);
    piecesTests(onBench);
    sweepTests(onBench);
    test('the suite ran on a store, or this machine has none', () => {
      if (process.env.CI === 'true') assert.ok(candidate);
    });
  });
}
