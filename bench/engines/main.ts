import type { Engine } from './engine.ts';
import { floorEngine } from './floor.ts';
import { graphileEngine } from './graphile.ts';
import { oursEngine } from './ours.ts';
import { pgBossEngine } from './pg-boss.ts';

/** `main.ts ENGINE`: an engine in a process of its own; the parent says what to do, and hears how long it took. */
const engines: Record<string, (url: string) => Engine> = {
  floor: floorEngine,
  ours: oursEngine,
  'graphile-worker': (url) => graphileEngine(url, false),
  'graphile-worker, local queue': (url) => graphileEngine(url, true),
  'pg-boss': pgBossEngine,
};

export type Order =
  | { do: 'enqueue'; count: number; atOnce: number }
  | { do: 'fill'; count: number; batch: number; atOnce: number }
  | { do: 'drain'; count: number; inFlight: number }
  | { do: 'pickups'; count: number }
  | { do: 'memory' }
  | { do: 'close' };

const engine = engines[process.argv[2] ?? '']?.(process.env.BENCH_DATABASE_URL ?? '');
if (!engine) throw new Error(`There is no engine "${process.argv[2]}"`);
await engine.setUp();

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};

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
  if (!engine) return 0;
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
      return process.memoryUsage.rss() / 1_048_576;
    case 'close':
      await engine.close();
      process.disconnect();
      return 0;
  }
}

process.on('message', (order: Order) => {
  carryOut(order).then(
    (answer) => process.send?.({ answer }),
    (error) => process.send?.({ fault: String(error?.stack ?? error) }),
  );
});
process.send?.({ answer: 'ready' });
