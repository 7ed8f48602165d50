import { flushCompileCache } from 'node:module';
import { answerOrders } from '../processes/orders.ts';
import { timed } from '../rounds.ts';
import type { Engine } from './engine.ts';

/** `main.ts ENGINE`: an engine in a process of its own; the parent says what to do, and hears how long it took. */
const { BENCH_DATABASE_URL: url = '', BENCH_REDIS_URL: redis = '', BENCH_PREFIX: prefix = '' } = process.env;

// Each process loads its own engine alone: the others would count as its memory.
const engines: Record<EngineName, () => Promise<Engine>> = {
  floor: async () => (await import('./floor.ts')).floorEngine(url),
  ours: async () => (await import('./ours.ts')).oursEngine(url),
  'ours, keyed': async () => (await import('./ours.ts')).oursEngine(url, true),
  'graphile-worker': async () => (await import('./graphile.ts')).graphileEngine(url, false),
  'graphile-worker, local queue': async () => (await import('./graphile.ts')).graphileEngine(url, true),
  'pg-boss': async () => (await import('./pg-boss.ts')).pgBossEngine(url),
  BullMQ: async () => (await import('./bullmq.ts')).bullmqEngine(redis, prefix),
};

export type EngineName =
  | 'floor'
  | 'ours'
  | 'ours, keyed'
  | 'graphile-worker'
  | 'graphile-worker, local queue'
  | 'pg-boss'
  | 'BullMQ';

export type Order =
  | { do: 'enqueue'; count: number; atOnce: number }
  | { do: 'fill'; count: number; batch: number; atOnce: number }
  | { do: 'drain'; count: number; inFlight: number }
  | { do: 'pickups'; count: number }
  /** Answers megabytes that are resident, and the most that ever were. */
  | { do: 'memory' }
  | { do: 'clear' }
  | { do: 'left' };

const open = engines[process.argv[2] as EngineName];
if (!open) throw new Error(`There is no engine "${process.argv[2]}"`);
const engine = await open();
await engine.setUp();
// The next process of this engine finds its code compiled, as it does in the production image.
flushCompileCache();

/** Does it so many times, with so many at once. */
async function repeated(count: number, atOnce: number, work: () => Promise<void>): Promise<void> {
  let left = count;
  const one = async () => {
    while (left > 0) {
      left -= 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

async function carryOut(order: Order): Promise<number | number[]> {
  switch (order.do) {
    case 'enqueue':
      return timed(() => repeated(order.count, order.atOnce, () => engine.enqueueOne()));
    case 'fill':
      return timed(() =>
        repeated(order.count / order.batch, order.atOnce, () => engine.enqueueMany(order.batch)),
      );
    case 'drain':
      return timed(() => engine.drain(order.count, order.inFlight));
    case 'pickups':
      return engine.pickups(order.count);
    case 'memory':
      return [process.memoryUsage.rss() / 1_048_576, process.resourceUsage().maxRSS / 1_024];
    case 'clear':
      return timed(() => engine.clear());
    case 'left':
      return engine.left?.() ?? Number.NaN;
  }
}

answerOrders(carryOut);
