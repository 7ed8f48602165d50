import { answerOrders } from '../processes/orders.ts';
import { type Deed, type KeyedEngine, type KeyedJob, openDeeds } from './keyed.ts';

/** `main.ts ENGINE`: one of the processes of an engine that works on jobs with keys. */
const url = process.env.BENCH_DATABASE_URL ?? '';

const engines: Record<KeyedName, () => Promise<KeyedEngine>> = {
  ours: async () => (await import('./ours.ts')).oursKeyed(url),
  'bare loop': async () =>
    (await import('./floor.ts')).floorKeyed(url, process.env.BENCH_HALF === '1' ? 1 : 0),
  'graphile-worker': async () => (await import('./graphile.ts')).graphileKeyed(url),
  'pg-boss, key_strict_fifo': async () => (await import('./pg-boss.ts')).pgBossKeyed(url, 'key_strict_fifo'),
  'pg-boss, singleton': async () => (await import('./pg-boss.ts')).pgBossKeyed(url, 'singleton'),
};

export type KeyedName =
  | 'ours'
  | 'bare loop'
  | 'graphile-worker'
  | 'pg-boss, key_strict_fifo'
  | 'pg-boss, singleton';

export type Order =
  | { do: 'fill'; jobs: KeyedJob[] }
  | { do: 'start'; inFlight: number; ms: number }
  /** Answers how many jobs have ended here since the start. */
  | { do: 'count' }
  /** Answers the log of the handlers. */
  | { do: 'stop' };

const open = engines[process.argv[2] as KeyedName];
if (!open) throw new Error(`There is no engine "${process.argv[2]}"`);
const engine = await open();
await engine.setUp();
let log: Deed[] = [];
let stop = async () => {};

answerOrders(async (order: Order): Promise<unknown> => {
  switch (order.do) {
    case 'fill':
      return engine.fill(order.jobs);
    case 'start': {
      const { deeds, work } = openDeeds(order.ms);
      log = deeds;
      stop = await engine.start(order.inFlight, work);
      return;
    }
    case 'count':
      return log.filter(({ ended }) => Number.isFinite(ended)).length;
    case 'stop':
      await stop();
      return log;
  }
});
