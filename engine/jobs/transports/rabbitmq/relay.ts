import type { Db } from '@labwright/kernel/db';
import { loop, type Part } from '@labwright/kernel/lifecycle';
import type { Log } from '@labwright/kernel/log';
import { knowLimits } from '../../limits/transport.ts';
import { keepUp, settleUnseenJobs } from '../../store/upkeep.ts';
import { markAsleep } from '../../store/wake.ts';
import type { Broker } from './broker.ts';
import { within } from './failures.ts';
import { findLost } from './lost.ts';
import { send, unsend } from './statements.ts';
import { brokerQueue, checkNamespace, contentOf, deadQueue, declareQueue, idIn } from './topology.ts';

export interface RelayOptions {
  db: Db;
  broker: Broker;
  /** As the transport has it. */
  namespace: string;
  queues: readonly string[];
  log: Log;
  /** Milliseconds after which a row may be taken for lost whose message is not in the queue any more; default 15,000. */
  lostAfterMs?: number;
}

/** Batches of 500 that are on their way to the broker at once, while the next one is claimed. */
const mostBatches = 3;
/** Looks after falling asleep, in milliseconds: for rows that became ready without anybody telling. */
const looks = [10, 40, 150, 250];
const pauseMs = 500;
/** Milliseconds that a stop waits for confirms. */
const farewellMs = 3_000;
const upkeepMs = 1_000;

/**
 * Tells the broker of committed jobs: nothing that it says is the truth, so it may die at any point, and several may run.
 *
 *     ready ──claimed for sending, committed──► sent, published ──confirmed──► sent, with a message
 *       ▲                                          │ │
 *       ├──not confirmed───────────────────────────┘ │
 *       └──the relay died, or the broker lost it: no message is as old as the row says ──┘
 *
 * While the broker is away nothing is claimed for sending: jobs wait as `ready`, and enqueueing does not notice.
 * Queues with a rate limit are left to the workers, who claim them from the table.
 */
export function createRelay(options: RelayOptions): Part {
  const { db, broker, namespace, queues, log, lostAfterMs = 15_000 } = options;
  checkNamespace(namespace);
  const stopping = new AbortController();
  const batches = new Set<Promise<void>>();
  const endings: (() => unknown)[] = [];
  let working: Promise<void> | undefined;
  let poke = () => {};
  let refusedAt = Number.NEGATIVE_INFINITY;
  let asleep = false;
  const limits = knowLimits(db);
  const carried = () => queues.filter((queue) => !limits.isQueueLimited(queue));

  /** Again until the database answers: where this process dies before it does, the rows are found as lost. */
  const bringBack = async (ids: readonly string[]): Promise<void> => {
    for (;;) {
      try {
        await db.query(unsend, [ids]);
        return;
      } catch (error) {
        log.warn({ err: error, jobs: ids.length }, 'jobs that were not sent are brought back once more');
        if (stopping.signal.aborted) return;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  };

  const publish = async (queue: string, batch: readonly { id: string; sent_at: number }[]): Promise<void> => {
    const routingKey = brokerQueue(namespace, queue);
    const unconfirmed: string[] = [];
    await Promise.all(
      batch.map(({ id, sent_at }) =>
        broker
          .publish({
            routingKey,
            content: contentOf(id),
            properties: { timestamp: Math.floor(sent_at / 1_000) },
          })
          .catch((error) => {
            if (unconfirmed.push(id) === 1)
              log.warn({ err: error, queue }, 'the broker did not take jobs; they are sent again');
          }),
      ),
    );
    if (unconfirmed.length === 0) return;
    refusedAt = performance.now();
    await bringBack(unconfirmed);
  };

  /** Sends a batch of a queue; answers how many, before they are confirmed. */
  const sendSome = async (queue: string): Promise<number> => {
    while (batches.size >= mostBatches) await Promise.race(batches);
    const batch = await db.query(send, [queue]);
    if (batch.length === 0) return 0;
    batch.sort((a, b) => a.priority - b.priority || Number(a.id) - Number(b.id));
    const sent = publish(queue, batch).finally(() => batches.delete(sent));
    batches.add(sent);
    return batch.length;
  };

  const rest = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      function done() {
        clearTimeout(timer);
        poke = () => {};
        resolve();
      }
      poke = done;
    });

  const work = async () => {
    let look = 0;
    while (!stopping.signal.aborted) {
      try {
        // Not sent where it would not arrive: it would only come back.
        const refusedMs = performance.now() - refusedAt;
        if (!broker.up || refusedMs < pauseMs) {
          await rest(broker.up ? pauseMs - refusedMs : pauseMs);
          continue;
        }
        let poked = false;
        poke = () => {
          poked = true;
        };
        let found = 0;
        await limits.fresh();
        for (const queue of carried()) found += await sendSome(queue);
        if (found > 0) {
          look = 0;
          if (asleep) await markAsleep(db, carried(), false);
          asleep = false;
          continue;
        }
        if (poked) {
          // Who asks for a job with a key leaves it to whoever is woken to see whether the key is free.
          await settleUnseenJobs(db);
          continue;
        }
        if (!asleep) {
          asleep = true;
          await markAsleep(db, carried(), true);
          await settleUnseenJobs(db);
          continue;
        }
        await rest(looks[Math.min(look, looks.length - 1)] ?? 250);
        await settleUnseenJobs(db);
        look += 1;
      } catch (error) {
        log.warn({ err: error }, 'the relay could not reach the database; it tries again');
        if (!stopping.signal.aborted) await rest(pauseMs);
      }
    }
  };

  /** Messages that no worker could take: the row says whether it matters. */
  const readDeadLetters = () =>
    broker.consume(deadQueue(namespace), {
      prefetch: 100,
      disposable: true,
      onMessage: (delivery) => {
        const id = idIn(delivery.content);
        const brought = id === undefined ? Promise.resolve([]) : db.query(unsend, [[id]]);
        brought.then(
          (rows) => {
            log.warn({ job: id, sent_again: rows.length === 1 }, 'a dead letter of the broker was read');
            delivery.ack();
            poke();
          },
          () => delivery.reject(true),
        );
      },
    });

  const upkeep = loop({
    name: 'upkeep of jobs',
    idleMs: upkeepMs,
    log,
    work: async () => {
      const { queues: woken, nextDueMs } = await keepUp(db, { log });
      if (queues.some((queue) => woken.has(queue))) poke();
      if (nextDueMs !== null && nextDueMs < upkeepMs)
        setTimeout(() => upkeep.poke(), Math.max(1, nextDueMs)).unref();
    },
  });
  const lost = findLost({ db, broker, namespace, queues, log, lostAfterMs, onFound: () => poke() });

  return {
    name: 'relay',
    start: async () => {
      for (const queue of queues) declareQueue(broker, namespace, queue, log);
      const deadLetters = readDeadLetters();
      endings.push(
        () => deadLetters.close(),
        broker.onUp(() => poke()),
        await db.listen('labwright_jobs', {
          onMessage: (queue) => {
            if (queues.includes(queue)) poke();
          },
          onGap: () => poke(),
        }),
        await limits.listen(() => {
          // Its queues may be others now.
          asleep = false;
          poke();
        }),
      );
      await upkeep.start();
      await lost.start();
      working ??= work();
    },
    stop: async () => {
      stopping.abort();
      poke();
      await working;
      await lost.stop();
      await upkeep.stop();
      for (const end of endings.splice(0)) await end();
      // What is not confirmed by then stays `sent`, and is found as lost where the broker has not got it.
      await within(farewellMs, Promise.all(batches)).catch(() => {});
    },
  };
}
