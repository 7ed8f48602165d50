import { chatErrors } from '@labwright/contract-hub/chat-errors';
import { commonErrors } from '@labwright/kernel/errors';
import type { ChatDeps } from '../deps.ts';
import { rememberPerson } from '../mentions/renew-names.ts';
import type { MessageWriter } from '../messages/message-writer.ts';
import { postMessage } from '../messages/post-message.ts';
import { readChanges, readPositions } from '../messages/read-changes.ts';
import type { SendLimit } from '../messages/send-limit.ts';
import type { Presence } from '../presence/presence.ts';
import { assertMayRead, assertMayWrite } from '../rooms.ts';
import type { Answerers } from './asks.ts';
import { createBucket } from './bucket.ts';
import { stateOf, talkOf } from './names.ts';
import { whoIs } from './renew.ts';
import type { RoomLogs } from './room-logs.ts';
import type { LiveSocket } from './sockets.ts';

/** That somebody types is told so often. */
const typingRate = { perSecond: 1, atOnce: 3 };

export interface AnswerersOptions {
  socket: LiveSocket;
  logs: RoomLogs;
  presence: Presence;
  writer: MessageWriter;
  limit: SendLimit;
}

/** What one socket may ask for. */
export function createAnswerers(deps: ChatDeps, options: AnswerersOptions): Answerers {
  const { socket, logs, presence, writer, limit } = options;
  const typing = createBucket(deps.clock, typingRate);
  const person = () => ({ id: socket.data.principal.id, name: socket.data.principal.name });
  /** Places that presence counts for this socket. */
  const places = new Map<string, { room: string; id: string; name: string }>();

  const assertRoomLeft = () => {
    // One more than it joined: its own.
    if (socket.rooms.size <= deps.settings.mostRooms) return;
    throw chatErrors.problem(
      'too_many_rooms',
      `A socket follows and watches at most ${deps.settings.mostRooms} rooms. Leave one first.`,
    );
  };
  const assertOpen = () => {
    if (!socket.connected) throw commonErrors.problem('overloaded', 'The socket has ended.');
  };
  const leavePlace = (room: string) => {
    const place = places.get(room);
    if (place) presence.leave(place);
    places.delete(room);
  };
  socket.once('disconnect', () => {
    for (const room of [...places.keys()]) leavePlace(room);
  });

  return {
    follow: async ({ room }) => {
      assertMayRead(socket.data.principal, room);
      if (!socket.rooms.has(talkOf(room))) assertRoomLeft();
      let position = 0;
      await logs.enter(room, (from) => {
        assertOpen();
        position = from;
        void socket.join(talkOf(room));
        if (places.has(room)) return;
        const place = { room, ...person() };
        places.set(room, place);
        presence.enter(place);
      });
      if (!deps.people) await rememberPerson(deps.db, person());
      // Read behind the joining: nothing that the client can have seen is newer.
      const newest = (await readPositions(deps.db, [room])).get(room) ?? 0;
      logs.reached(room, newest);
      return { position, newest };
    },
    unfollow: async ({ room }) => {
      void socket.leave(talkOf(room));
      leavePlace(room);
      return {};
    },
    changes: async ({ room, after }) => {
      assertMayRead(socket.data.principal, room);
      return readChanges(deps.db, { room, after });
    },
    send: async ({ room, id, text, as }) => {
      // Somebody who was locked a moment ago writes no more; those who only listen are asked again now and then.
      const principal = await whoIs(deps, socket);
      if (as !== undefined && as !== principal.id)
        throw chatErrors.problem(
          'another_person',
          `${principal.name} is signed in here by now, and somebody else wrote this message: it was not sent.`,
        );
      await limit(principal.id);
      return postMessage(deps, writer, { room, id, text, principal });
    },
    typing: async ({ room }) => {
      assertMayWrite(socket.data.principal, room);
      if (socket.rooms.has(talkOf(room)) && typing() === 0)
        socket.to(talkOf(room)).volatile.emit('typing', { room, person: person() });
      return {};
    },
    watch: async ({ room }) => {
      assertMayRead(socket.data.principal, room);
      if (!socket.rooms.has(stateOf(room))) assertRoomLeft();
      assertOpen();
      void socket.join(stateOf(room));
      return {};
    },
    unwatch: async ({ room }) => {
      void socket.leave(stateOf(room));
      return {};
    },
  };
}
