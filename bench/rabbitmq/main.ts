import { answerOrders } from '../processes/orders.ts';
import { timed } from '../rounds.ts';
import { openLoop } from './loop.ts';
import { loopQueue, rawQueue } from './names.ts';
import { openOurs } from './ours.ts';
import { openRaw } from './raw.ts';

/** `main.ts ours|floor`: what goes by way of RabbitMQ, in a process of its own; every order answers its milliseconds. */
const { BENCH_DATABASE_URL = '', BENCH_AMQP_URL = '', BENCH_NAMESPACE = '' } = process.env;

export type Order =
  | { do: 'fill'; count: number; batch: number }
  /** Until the broker has confirmed what is filled in. */
  | { do: 'relay' }
  /** Empties the queue of what was relayed. */
  | { do: 'purge' }
  /** Publishes messages that are not counted. */
  | { do: 'publish'; count: number }
  /** Carries out what lies with the broker. */
  | { do: 'work'; count: number; inFlight: number }
  | { do: 'endToEnd'; count: number; batch: number; inFlight: number }
  | { do: 'serve'; inFlight: number }
  | { do: 'call'; count: number; atOnce: number };

async function inBatches(count: number, batch: number, fill: (batch: number) => Promise<void>) {
  for (let filled = 0; filled < count; filled += batch) await fill(batch);
}

async function ours(): Promise<(order: Order) => Promise<number>> {
  const jobs = await openOurs(BENCH_DATABASE_URL, BENCH_AMQP_URL, BENCH_NAMESPACE);
  return async (order) => {
    switch (order.do) {
      case 'fill':
        return timed(() => inBatches(order.count, order.batch, jobs.fill));
      case 'relay':
        return timed(() => jobs.relay());
      case 'work':
        return timed(() => jobs.work(order.count, order.inFlight));
      case 'endToEnd':
        return jobs.endToEnd(order.count, order.batch, order.inFlight);
      case 'serve':
        return timed(() => jobs.serve(order.inFlight));
      case 'call':
        return timed(() => jobs.call(order.count, order.atOnce));
      default:
        throw new Error(`ours cannot ${order.do}`);
    }
  };
}

async function floor(): Promise<(order: Order) => Promise<number>> {
  const loop = await openLoop(BENCH_DATABASE_URL, BENCH_AMQP_URL, loopQueue(BENCH_NAMESPACE));
  const raw = await openRaw(BENCH_AMQP_URL, rawQueue(BENCH_NAMESPACE));
  return async (order) => {
    switch (order.do) {
      case 'fill':
        return timed(() => inBatches(order.count, order.batch, loop.fill));
      case 'relay':
        return timed(() => loop.relay());
      case 'purge':
        return timed(() => loop.purge());
      case 'publish':
        return timed(() => raw.publish(order.count));
      case 'work':
        return timed(() => raw.drain(order.count, order.inFlight));
      case 'endToEnd':
        return timed(() => raw.endToEnd(order.count, order.inFlight));
      default:
        throw new Error(`the floor cannot ${order.do}`);
    }
  };
}

answerOrders(await (process.argv[2] === 'ours' ? ours() : floor()));
