import type { Db } from '@labwright/kernel/db';
import { loop, type Part } from '@labwright/kernel/lifecycle';
import type { Log } from '@labwright/kernel/log';
import type { Broker } from './broker.ts';
import { NotInTime, within } from './failures.ts';
import { answerMs } from './heal.ts';
import { unsendWalked, walkSent } from './statements.ts';
import { brokerQueue } from './topology.ts';

/** The longest pause between two looks: each look at a queue counts as a delivery of its first message. */
const longestPauseMs = 120_000;
/** Steps of 5,000 rows in one go; the walk goes on a second later. */
const mostSteps = 10;
const start = { runAt: '-infinity', id: '0' };

/**
 * Finds rows that are `sent` and have no message: their relay died between commit and confirm, or the broker lost its queue.
 *
 * A queue is first in, first out, and each message says when its row was sent. So a row that was sent well before the
 * first message of the queue has none, and where the queue is empty nobody that was sent well before now has one. It may be wrong
 * about a message that is in a worker's hands: then there are two for one job, and the second finds nothing to claim.
 *
 * A look walks over all rows that are `sent`, of whichever queue, the oldest first and a step at a time. What it knows of the first message it
 * learned when it met the queue: that message is not younger since, so what it finds later is not less certain.
 */
export function findLost(options: {
  db: Db;
  broker: Broker;
  namespace: string;
  queues: readonly string[];
  log: Log;
  lostAfterMs: number;
  onFound(): void;
}): Part {
  const { db, broker, namespace, queues, log, lostAfterMs, onFound } = options;
  let pauseMs = lostAfterMs;
  let notBefore = 0;
  let stopListening = () => {};

  /** When its first message was sent, in milliseconds since 1970; null where it is empty. */
  const firstSentAt = (queue: string): Promise<number | null> =>
    // Unacknowledged when the channel is closed, it is the first again.
    within(
      answerMs,
      broker.ask(async (channel) => {
        const first = await channel.get(brokerQueue(namespace, queue));
        return first === false ? null : Number(first.properties.timestamp) * 1_000;
      }),
    );

  let place = { ...start };
  let found = 0;
  /** Rows of a queue that were sent before this time, in milliseconds since 1970, have no message. */
  let lostBefore = new Map<string, number>();
  const fromStart = () => {
    place = { ...start };
    found = 0;
    lostBefore = new Map();
  };

  /** Answers whether the walk is at its end. */
  const step = async (): Promise<boolean> => {
    const from = place;
    const { runAt, id } = from;
    const walked = await db.first(walkSent, [runAt, id, lostAfterMs, queues]);
    if (!walked || walked.run_at === null || walked.id === null) return true;
    for (const queue of walked.queues) {
      const before =
        lostBefore.get(queue) ?? Math.min(walked.now, (await firstSentAt(queue)) ?? walked.now) - lostAfterMs;
      lostBefore.set(queue, before);
      found += (await db.query(unsendWalked, [queue, runAt, id, walked.run_at, walked.id, before])).length;
    }
    // It was told to begin anew.
    if (place !== from) return true;
    place = { runAt: walked.run_at, id: walked.id };
    return walked.walked < 5_000;
  };

  const look = async (): Promise<boolean> => {
    const before = found;
    let over = false;
    for (let steps = 0; steps < mostSteps && !over; steps += 1) over = await step();
    if (found === before) return over;
    log.warn({ jobs: found - before }, 'jobs are sent again whose messages are lost');
    onFound();
    return over;
  };

  const looking = loop({
    name: 'search for lost messages',
    idleMs: Math.min(1_000, lostAfterMs),
    log,
    work: async () => {
      if (!broker.up || performance.now() < notBefore) return;
      let over = true;
      try {
        over = await look();
      } catch (error) {
        log.warn({ err: error }, 'lost messages could not be searched for; it is tried again');
        found = 1;
        // The question stays with the broker for a minute: another one would lie beside it.
        if (error instanceof NotInTime) notBefore = performance.now() + lostAfterMs;
      }
      if (!over) return;
      // Sooner again where something was lost: where one is, there are more.
      pauseMs = found > 0 ? lostAfterMs : Math.min(longestPauseMs, pauseMs * 2);
      notBefore = performance.now() + pauseMs;
      fromStart();
    },
  });

  return {
    name: looking.name,
    start: async () => {
      // A broker that was away may have lost its queues.
      stopListening = broker.onUp(() => {
        pauseMs = lostAfterMs;
        notBefore = performance.now() + lostAfterMs;
        fromStart();
      });
      await looking.start();
    },
    stop: async () => {
      stopListening();
      await looking.stop();
    },
  };
}
