import type { Lease } from '@labwright/locks';
import { answerOrders, sharedClock } from '../processes/orders.ts';
import { openStore, type StoreName } from './open.ts';

/** `holder.ts STORE`: holds a key until it is told to give it to whoever waits. */
const { locks } = await openStore(process.argv[2] as StoreName, process.env.BENCH_STORE_URL ?? '');
let lease: Lease | null = null;

export type Order =
  | { do: 'hold'; key: string }
  /** Answers when it began to, on the clock that processes share. */
  | { do: 'release' };

answerOrders(async (order: Order): Promise<number> => {
  if (order.do === 'hold') {
    lease = await locks.acquire(order.key, { waitMs: 10_000 });
    if (!lease) throw new Error(`${order.key} was not to be had`);
    return 0;
  }
  const at = sharedClock();
  await lease?.release();
  return at;
});
