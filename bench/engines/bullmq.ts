import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { counter, type Engine, pause, payload } from './engine.ts';

/** BullMQ as it comes. Its jobs are as durable as its Redis is. */
export function bullmqEngine(url: string, prefix: string): Engine {
  const connect = () => new Redis(url, { maxRetriesPerRequest: null });
  const queue = new Queue('q', { connection: connect(), prefix });
  const begun = counter();
  const worker = async (concurrency: number) => {
    const connection = connect();
    const made = new Worker('q', async () => begun.tick(), { connection, prefix, concurrency });
    made.on('error', () => {});
    await made.waitUntilReady();
    return {
      stop: async () => {
        // Waits for the jobs in hand.
        await made.close();
        connection.disconnect();
      },
    };
  };
  return {
    setUp: async () => {
      await queue.waitUntilReady();
    },
    clear: () => queue.obliterate({ force: true }),
    enqueueOne: async () => {
      await queue.add('nothing', payload);
    },
    enqueueMany: async (count) => {
      await queue.addBulk(Array.from({ length: count }, () => ({ name: 'nothing', data: payload })));
    },
    drain: async (count, inFlight) => {
      const all = begun.expect(count);
      const workers = await Promise.all(
        inFlight > 500 ? [worker(inFlight / 2), worker(inFlight / 2)] : [worker(inFlight)],
      );
      await all;
      await Promise.all(workers.map((one) => one.stop()));
    },
    pickups: async (count) => {
      const one = await worker(10);
      const took: number[] = [];
      for (let index = 0; index < count; index += 1) {
        await pause(20);
        const started = begun.expect(1);
        const from = performance.now();
        await queue.add('nothing', payload);
        await started;
        took.push(performance.now() - from);
      }
      await one.stop();
      return took;
    },
  };
}
