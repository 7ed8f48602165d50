import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Command, FollowOptions, Outcome } from '@labwright/driver-kit';
import { type ManualClock, manualClock } from '@labwright/kernel/clock';
import { type SimulatedDriver, type SimulatorModel, simulators } from '../index.ts';

export interface Bench {
  clock: ManualClock;
  /** Execution ids in the order in which they began to move. */
  moved: string[];
  folder: string | undefined;
  open(settings?: unknown): Promise<SimulatedDriver>;
  dispose(): Promise<void>;
}

export function modelOf(type: string): SimulatorModel {
  const model = simulators.find((one) => one.type === type);
  assert.ok(model, `no simulator of type ${type}`);
  return model;
}

export interface BenchOptions {
  remembers?: boolean;
  device_id?: string;
  /** Called after `moved` has grown. */
  onMovement?: () => void;
}

/** One simulated instrument, in time that a test moves. With `remembers` it has a journal. */
export async function makeBench(type: string, options: BenchOptions = {}): Promise<Bench> {
  const { remembers = false, device_id = `${type}-1`, onMovement: announce } = options;
  const clock = manualClock();
  const folder = remembers ? await mkdtemp(join(tmpdir(), 'labwright-sim-')) : undefined;
  const opened: SimulatedDriver[] = [];
  const moved: string[] = [];
  return {
    clock,
    moved,
    folder,
    open: async (settings = {}) => {
      const onMovement = (execution_id: string) => {
        moved.push(execution_id);
        announce?.();
      };
      const driver = await modelOf(type).open({
        device_id,
        settings,
        clock,
        journalFolder: folder,
        onMovement,
      });
      opened.push(driver);
      return driver;
    },
    dispose: async () => {
      await Promise.allSettled(opened.map((driver) => driver.close()));
      if (folder) await rm(folder, { recursive: true });
    },
  };
}

/** The same, put away when the test ends. */
export async function testBench(t: TestContext, ...args: Parameters<typeof makeBench>): Promise<Bench> {
  const bench = await makeBench(...args);
  t.after(bench.dispose);
  return bench;
}

export const command = (
  execution_id: string,
  operation: string,
  parameters: Record<string, unknown> = {},
): Command => ({ execution_id, operation, parameters, fencing_token: 1 });

/** Sends a command and resolves when it moves. */
export async function start(
  driver: SimulatedDriver,
  sent: Command,
  options: FollowOptions = {},
): Promise<{ outcome: Promise<Outcome> }> {
  let outcome: Promise<Outcome> | undefined;
  await new Promise<void>((resolve, reject) => {
    const onProgress = (fraction: number, text: string) => {
      options.onProgress?.(fraction, text);
      resolve();
    };
    outcome = driver.execute(sent, { ...options, onProgress });
    outcome.then((ended) => reject(new Error(`ended without progress: ${JSON.stringify(ended)}`)), reject);
  });
  assert.ok(outcome);
  return { outcome };
}

/** Sends a command, lets a month pass, and answers its result; fails where it did not succeed. */
export async function resultOf(
  bench: Bench,
  driver: SimulatedDriver,
  sent: Command,
): Promise<Record<string, unknown>> {
  const { outcome } = await start(driver, sent);
  await bench.clock.advance(30 * 86_400_000);
  const ended = await outcome;
  assert.ok(ended.status === 'succeeded', JSON.stringify(ended));
  return ended.result;
}
