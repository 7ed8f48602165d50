import type { Log } from '@labwright/kernel/log';

/** A live event, and the rooms whose watchers are told of it. */
export interface ToldEvent {
  rooms: string[];
  type: string;
  data: unknown;
}

export interface LiveEvents {
  publish(room: string, event: { type: string; data: unknown }): void;
  /** What another process told. */
  receive(events: readonly ToldEvent[]): void;
}

/** Milliseconds in which events for other processes are gathered: a laboratory of hundreds of devices has thousands a second. */
const gatherMs = 20;

/**
 * Live events on their way: at once to the sockets of this process, and together to the other processes, in portions of at most
 * `largest` bytes. An event that is larger goes alone. What is published to several rooms as one object goes over once.
 */
export function createLiveEvents(options: {
  log: Log;
  largest: number;
  /** To the sockets of this process. */
  emit: (room: string, event: { type: string; data: unknown }) => void;
  /** To the other processes; undefined where there are none. */
  tell: () => ((events: ToldEvent[]) => void) | undefined;
}): LiveEvents {
  const { log, largest, emit, tell } = options;
  const waiting = new Map<object, ToldEvent>();

  const flush = () => {
    const told = [...waiting.values()];
    waiting.clear();
    const send = tell();
    if (!send) return;
    for (const portion of portions(told, largest))
      try {
        send(portion);
      } catch (error) {
        log.warn({ err: error, events: portion.length }, 'live events could not be sent to other processes');
      }
  };

  const deliver = (room: string, event: { type: string; data: unknown }) => {
    try {
      emit(room, event);
    } catch (error) {
      log.warn({ err: error, room, type: event.type }, 'a live event could not be sent');
    }
  };

  return {
    publish: (room, event) => {
      deliver(room, event);
      if (!tell()) return;
      const known = waiting.get(event);
      if (known) known.rooms.push(room);
      else {
        if (waiting.size === 0) setTimeout(flush, gatherMs).unref();
        waiting.set(event, { rooms: [room], type: event.type, data: event.data });
      }
    },
    receive: (events) => {
      for (const { rooms, type, data } of events) for (const room of rooms) deliver(room, { type, data });
    },
  };
}

function portions(events: readonly ToldEvent[], largest: number): ToldEvent[][] {
  const made: ToldEvent[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const event of events) {
    const bytes = Buffer.byteLength(JSON.stringify(event));
    if (size + bytes > largest) {
      made.push([]);
      size = 0;
    }
    made.at(-1)?.push(event);
    size += bytes;
  }
  return made;
}
