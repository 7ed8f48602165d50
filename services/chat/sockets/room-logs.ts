import type { ChangesFrame, ChatMessage } from '@labwright/contract-hub/chat';
import { loop, type Part } from '@labwright/kernel/lifecycle';
import type { ChatDeps } from '../deps.ts';
import { readChanges, readPositions } from '../messages/read-changes.ts';
import { createRoomLog, type RoomLog } from './room-log.ts';

/** The rooms that sockets of this process follow. */
export interface RoomLogs extends Part {
  /**
   * Runs `join` with the place from which on the room is handed on. `join` is synchronous, so nothing comes between that
   * place and the joining.
   */
  enter(room: string, join: (position: number) => void): Promise<void>;
  /** Nobody of this process follows it any more. */
  leave(room: string): void;
  offer(room: string, messages: readonly ChatMessage[]): void;
  reached(room: string, position: number): void;
}

const roomsALook = 500;

export function createRoomLogs(
  deps: ChatDeps,
  handOn: (frame: ChangesFrame) => void,
  isFollowed: (room: string) => boolean,
): RoomLogs {
  const { db, log, settings } = deps;
  const rooms = new Map<string, Promise<RoomLog>>();
  /** The same, once they are there. */
  const open = new Map<string, RoomLog>();
  /** Rooms that somebody is about to join. */
  const entering = new Map<string, number>();

  const begin = async (room: string) => {
    const position = (await readPositions(db, [room])).get(room) ?? 0;
    const made = createRoomLog({
      room,
      position,
      log,
      gapMs: settings.gapMs,
      read: (after) => readChanges(db, { room, after }),
      handOn,
    });
    open.set(room, made);
    return made;
  };

  const leave = (room: string) => {
    if (entering.has(room) || isFollowed(room)) return;
    rooms.delete(room);
    open.delete(room);
  };

  // A process that died between its commit and telling of it, or a connection that was lost, leaves the others without a hint.
  const look = loop({
    name: 'chat looks for changes',
    idleMs: settings.lookMs,
    log,
    work: async (signal) => {
      const names = [...open.keys()];
      for (let at = 0; at < names.length && !signal.aborted; at += roomsALook)
        for (const [room, position] of await readPositions(db, names.slice(at, at + roomsALook)))
          open.get(room)?.reached(position);
    },
  });

  return {
    name: 'chat rooms',
    start: () => look.start(),
    stop: () => look.stop(),
    enter: async (room, join) => {
      entering.set(room, (entering.get(room) ?? 0) + 1);
      try {
        let opening = rooms.get(room);
        if (!opening) {
          opening = begin(room);
          rooms.set(room, opening);
          opening.catch(() => rooms.delete(room));
        }
        const { position } = await opening;
        // Read again: it may have moved on while others were told first.
        join(open.get(room)?.position ?? position);
      } finally {
        const left = (entering.get(room) ?? 1) - 1;
        if (left > 0) entering.set(room, left);
        else entering.delete(room);
        leave(room);
      }
    },
    leave,
    offer: (room, messages) => open.get(room)?.offer(messages),
    reached: (room, position) => open.get(room)?.reached(position),
  };
}
