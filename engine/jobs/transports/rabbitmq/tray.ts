import type { Log } from '@labwright/kernel/log';
import type { Broker } from './broker.ts';
import type { Consumer, Delivery } from './consumer.ts';
import { brokerQueue, declareQueue, idIn } from './topology.ts';

/** A message in hand: the job that it names. */
export interface Taken {
  readonly id: string;
  readonly delivery: Delivery;
  /** Rises with each delivery. */
  readonly place: number;
}

/** Milliseconds that a message lies here while its worker asks for none: then others shall have it. */
const holdMs = 250;
/** The same for messages whose jobs cannot be claimed now: of a queue that is paused, for instance. */
const holdOpenMs = 30_000;
/** Messages on their way or in hand, for so many asked for at once: the next ones are here when these are claimed. */
const roomFor = (most: number) => Math.min(1_000, 4 * most);

export interface Tray {
  /** The oldest messages in hand. Opens the line to the broker where it was let go, and widens it. */
  take(most: number): Taken[];
  /** Their jobs are claimed, or wait for nobody. */
  done(messages: readonly Taken[]): void;
  /** Their jobs could not be claimed now. */
  putBack(messages: readonly Taken[]): void;
  /** False where the broker is known to have nothing more. */
  readonly othersWait: boolean;
  close(): void;
}

/**
 * The messages of one queue that were delivered to this process:
 *
 *     closed ──asked for jobs──► open, for four times as many as are asked for at once ──more are asked for──► open for more
 *        ▲                        │
 *        └──a message lay here for a while, and nobody asked
 *
 * A worker that is busy must not keep messages from one that is idle: it lets go of the line altogether.
 */
export function createTray(around: {
  broker: Broker;
  namespace: string;
  queue: string;
  log: Log;
  onFilled(): void;
}): Tray {
  const { broker, namespace, queue, log } = around;
  let messages: Taken[] = [];
  let consumer: Consumer | undefined;
  let prefetch = 0;
  // Rises when what was delivered before comes again: then it is not in hand any more.
  let line = 0;
  const lines = new WeakMap<Taken, number>();
  let timer: NodeJS.Timeout | undefined;
  let places = 0;
  let refused = 0;
  // Taken, and not decided yet.
  let out = 0;

  declareQueue(broker, namespace, queue, log);

  const letGo = () => {
    clearTimeout(timer);
    timer = undefined;
    line += 1;
    messages = [];
    prefetch = 0;
    consumer?.close().catch(() => {});
    consumer = undefined;
  };

  const watch = () => {
    clearTimeout(timer);
    timer = undefined;
    if (messages.length > 0 && out === 0)
      timer = setTimeout(letGo, refused > 0 ? holdOpenMs : holdMs).unref();
  };

  /** With one word where nothing older is undecided. */
  const acknowledge = (those: readonly Taken[]) => {
    const last = those.at(-1);
    const oldest = messages[0];
    const ours = those.every((message) => lines.get(message) === line);
    if (last && ours && out === 0 && (!oldest || oldest.place > last.place)) last.delivery.ack(true);
    else for (const { delivery } of those) delivery.ack();
  };

  const open = (room: number) => {
    letGo();
    prefetch = room;
    const own = line;
    let lost = 0;
    consumer = broker.consume(brokerQueue(namespace, queue), {
      prefetch: room,
      disposable: true,
      onMessage: (delivery) => {
        if (line !== own + lost) return;
        const id = idIn(delivery.content);
        if (id === undefined) {
          log.warn({ queue }, 'a message that names no job goes to the dead letters');
          delivery.reject(false);
          return;
        }
        places += 1;
        const message = { id, delivery, place: places };
        lines.set(message, line);
        if (messages.push(message) > 1) return;
        watch();
        around.onFilled();
      },
      onLost: () => {
        if (line !== own + lost) return;
        lost += 1;
        line += 1;
        messages = [];
        watch();
      },
    });
  };

  return {
    take: (most) => {
      const taken = messages.splice(0, most);
      if (taken.length === 0 && (!consumer || roomFor(most) > prefetch)) open(roomFor(most));
      out += taken.length;
      watch();
      return taken;
    },
    done: (those) => {
      if (those.length === 0) return;
      refused = 0;
      out -= those.length;
      acknowledge(those);
      watch();
    },
    putBack: (those) => {
      if (those.length === 0) return;
      refused = those.length;
      messages = [...those.filter((message) => lines.get(message) === line), ...messages];
      out -= those.length;
      watch();
    },
    get othersWait() {
      return !consumer || messages.length > 0;
    },
    close: letGo,
  };
}
