import { randomUUID } from 'node:crypto';
import { loop, type Part } from '@labwright/kernel/lifecycle';
import type { ChatDeps } from '../deps.ts';
import { buryDead, dropPlaces, endProcess, type Place, putPlaces, showAlive } from './tables.ts';

/**
 * Who is in which room: a row for each process by way of which somebody is there, worth as long as the process gives signs of life.
 *
 *     first socket of somebody follows ──► come ──gathered for `gatherMs`──► row, told
 *     last one leaves ──► gone ──gathered──► no row; told where no other process has a row
 *     the process dies ──its lease runs out──► another one removes its rows, and tells
 */
export interface Presence extends Part {
  enter(place: Place): void;
  leave(place: Place): void;
}

export type TellPresence = (room: string, joined: Place[], left: Place[]) => void;

export function createPresence(deps: ChatDeps, tell: TellPresence): Presence {
  const { db, log, settings } = deps;
  const process = randomUUID();
  /** Sockets of this process by room and principal. */
  const here = new Map<string, { place: Place; sockets: number }>();
  /** Keys whose row may differ from `here`. */
  const changed = new Map<string, Place>();
  /** Keys that have a row. */
  const stored = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const keyOf = ({ room, id }: Place) => `${room} ${id}`;
  const mark = (place: Place) => {
    changed.set(keyOf(place), place);
    if (!stopped) timer ??= setTimeout(() => write.poke(), settings.gatherMs).unref();
  };

  const flush = async () => {
    clearTimeout(timer);
    timer = undefined;
    const taken = [...changed];
    changed.clear();
    const come = taken.filter(([key]) => here.has(key) && !stored.has(key));
    const gone = taken.filter(([key]) => !here.has(key) && stored.has(key));
    try {
      if (come.length > 0) {
        const places = come.map(([, place]) => place);
        await putPlaces(db, process, places);
        for (const [key] of come) stored.add(key);
        tellAll(tell, places, []);
      }
      if (gone.length > 0) {
        const left = await dropPlaces(
          db,
          process,
          gone.map(([, place]) => place),
        );
        for (const [key] of gone) stored.delete(key);
        tellAll(tell, [], left);
      }
    } catch (error) {
      // Done again with the next change, or the next beat.
      for (const [key, place] of taken) if (!changed.has(key)) changed.set(key, place);
      throw error;
    }
  };

  const write = loop({ name: 'chat writes who is there', idleMs: settings.beatMs, log, work: flush });
  const beat = loop({
    name: 'chat shows that it lives',
    idleMs: settings.beatMs,
    log,
    work: async (signal) => {
      if (!(await showAlive(db, process, settings.leaseMs))) {
        stored.clear();
        for (const { place } of here.values()) mark(place);
      }
      for (let more = true; more && !signal.aborted; ) {
        const buried = await buryDead(db);
        tellAll(tell, [], buried.left);
        more = buried.more;
      }
    },
  });

  return {
    name: 'chat presence',
    start: async () => {
      await showAlive(db, process, settings.leaseMs);
      await beat.start();
      await write.start();
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await beat.stop();
      await write.stop();
      try {
        await flush();
        await endProcess(db, process);
      } catch (error) {
        log.debug({ err: error }, 'the end of this process could not be recorded; its lease runs out');
      }
    },
    enter: (place) => {
      const known = here.get(keyOf(place));
      if (known) known.sockets += 1;
      else {
        here.set(keyOf(place), { place, sockets: 1 });
        mark(place);
      }
    },
    leave: (place) => {
      const known = here.get(keyOf(place));
      if (!known) return;
      known.sockets -= 1;
      if (known.sockets > 0) return;
      here.delete(keyOf(place));
      mark(place);
    },
  };
}

function tellAll(tell: TellPresence, joined: readonly Place[], left: readonly Place[]): void {
  const rooms = new Set([...joined, ...left].map(({ room }) => room));
  for (const room of rooms)
    tell(
      room,
      joined.filter((place) => place.room === room),
      left.filter((place) => place.room === room),
    );
}
