import type { Broker } from '../rabbitmq/broker.ts';
import { isRefusal } from '../rabbitmq/failures.ts';

/** The queues that tasks are sent to. */
export interface CeleryQueues {
  /** Resolves when there is such a queue and a broker: waits for one that is away. Rejects with the signal's reason. */
  ready(queue: string, signal: AbortSignal): Promise<void>;
  /** To be made anew: no queue took a message. */
  forget(queue: string): void;
}

const lookMs = 300;

export function celeryQueues(broker: Broker): CeleryQueues {
  const known = new Set<string>();
  return {
    ready: async (queue, signal) => {
      for (;;) {
        signal.throwIfAborted();
        if (broker.up && known.has(queue)) return;
        try {
          await declareCeleryQueue(broker, queue);
          known.add(queue);
          return;
        } catch (error) {
          if (isRefusal(error)) throw error;
          await new Promise((resolve) => setTimeout(resolve, lookMs));
        }
      }
    },
    forget: (queue) => void known.delete(queue),
  };
}

/**
 * Makes a queue as Celery does, where there is none: one that is there may have arguments of its own (priorities, quorum), and is
 * left as it is. Rejects where the broker is away.
 */
async function declareCeleryQueue(broker: Broker, queue: string): Promise<void> {
  try {
    await broker.ask((channel) => channel.checkQueue(queue));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await broker.ask((channel) => channel.assertQueue(queue, { durable: true }));
  }
}

/**
 * Tells every Celery worker on this broker to drop the task: one that waits is not begun, one that runs is terminated where
 * the worker has a pool of processes. Nobody answers; a worker that is away does not hear it.
 */
export async function revokeTasks(broker: Broker, taskIds: readonly string[]): Promise<void> {
  const order = {
    method: 'revoke',
    arguments: { task_id: taskIds, terminate: true, signal: 'SIGTERM' },
    destination: null,
    pattern: null,
    matcher: null,
  };
  await broker.ask(async (channel) => {
    // As kombu's mailbox declares it.
    await channel.assertExchange('celery.pidbox', 'fanout', { durable: false, autoDelete: false });
    channel.publish('celery.pidbox', '', Buffer.from(JSON.stringify(order)), {
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      headers: { clock: 0, expires: 0 },
    });
  });
}
