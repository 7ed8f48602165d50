import type { Db } from '@labwright/kernel/db';
import type { Part } from '@labwright/kernel/lifecycle';
import type { Log } from '@labwright/kernel/log';
import type { Broker } from '../rabbitmq/broker.ts';
import type { Consumer, Delivery } from '../rabbitmq/consumer.ts';
import { type Call, findCall, storeAnswer } from './calls.ts';
import { isEnd, readResultMessage } from './result.ts';
import { type CeleryQueues, celeryQueues } from './topology.ts';

export interface CeleryBridgeOptions {
  /** Where the jobs are; migrated with `celeryMigrations`. */
  db: Db;
  broker: Broker;
  log: Log;
  /** Shared by all bridges of this database, and by none of another one. */
  replyQueue?: string;
}

/** What the handlers of one process share: the queue that Celery answers to, and who waits for which answer. */
export interface CeleryBridge extends Part {
  readonly db: Db;
  readonly broker: Broker;
  readonly log: Log;
  readonly replyQueue: string;
  /** The call as soon as it has its answer, or is gone; undefined where it is gone. Rejects with the signal's reason. */
  answerOf(taskId: string, signal: AbortSignal): Promise<Call | undefined>;
  readonly queues: CeleryQueues;
}

const prefetch = 100;
/** Milliseconds between two looks, should a notification be lost. */
const lookMs = 5_000;
const longestPauseMs = 5_000;

/**
 * Takes the answers of Celery workers from one durable queue. Each is stored before it is acknowledged, whosever it is; whoever waits
 * for it is woken, here or in another process.
 */
export function celeryBridge(options: CeleryBridgeOptions): CeleryBridge {
  const { db, broker, log, replyQueue = 'labwright.celery.replies' } = options;
  const waiting = new Map<string, () => void>();
  const stop = new AbortController();
  let consumer: Consumer | undefined;
  let stopListening = () => {};

  const wake = (taskId: string) => waiting.get(taskId)?.();

  /** Until the database has it: acknowledged unstored it would be lost, refused it would come at once again. */
  const take = async (delivery: Delivery): Promise<void> => {
    const message = readResultMessage(delivery);
    if (!message) {
      log.warn({ queue: replyQueue }, 'a message that is no result of a Celery task is dropped');
      delivery.ack();
      return;
    }
    if (!isEnd(message.status)) {
      delivery.ack();
      return;
    }
    const here = waiting.has(message.taskId);
    for (let ms = 100; !stop.signal.aborted; ms = Math.min(ms * 2, longestPauseMs)) {
      try {
        const kept = await storeAnswer(db, message, !here);
        if (kept?.late)
          log.info({ job: kept.job, task_id: message.taskId }, 'an answer came for a call that was given up');
        wake(message.taskId);
        delivery.ack();
        return;
      } catch (error) {
        log.warn({ err: error, task_id: message.taskId }, 'an answer of Celery is stored again');
        await pause(ms, stop.signal);
      }
    }
  };

  return {
    name: 'celery bridge',
    db,
    broker,
    log,
    replyQueue,
    queues: celeryQueues(broker),
    start: async () => {
      stopListening = await db.listen('labwright_celery_calls', {
        onMessage: wake,
        onGap: () => {
          for (const look of waiting.values()) look();
        },
      });
      // Quorum: what Celery sends there outlives the broker, though Celery does not ask for it.
      const declared = broker.declare((channel) =>
        channel.assertQueue(replyQueue, { durable: true, arguments: { 'x-queue-type': 'quorum' } }),
      );
      // A broker that is away must not keep the process from starting.
      declared.catch((error) => log.error({ err: error, queue: replyQueue }, 'no answers can be taken'));
      consumer = broker.consume(replyQueue, { prefetch, onMessage: (delivery) => void take(delivery) });
    },
    stop: async () => {
      stop.abort();
      await consumer?.close();
      stopListening();
    },
    answerOf: async (taskId, signal) => {
      for (;;) {
        signal.throwIfAborted();
        let woken = false;
        const told = Promise.withResolvers<void>();
        waiting.set(taskId, () => {
          woken = true;
          told.resolve();
        });
        try {
          const call = await findCall(db, taskId);
          if (!call || call.status !== null) return call;
          if (!woken) await Promise.race([told.promise, pause(lookMs, signal)]);
        } finally {
          waiting.delete(taskId);
        }
      }
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
