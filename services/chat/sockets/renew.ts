import { commonErrors, isProblem } from '@labwright/kernel/errors';
import type { Principal } from '@labwright/kernel/identity';
import type { ChatDeps } from '../deps.ts';
import { assertMayRead } from '../rooms.ts';
import type { LiveServer, LiveSocket } from './sockets.ts';

/**
 * Asks again whose socket it is, by what it showed when it was opened. Throws what `authenticate` throws, `unauthenticated`
 * where it is nobody's any more.
 */
export async function whoIs(deps: ChatDeps, socket: LiveSocket): Promise<Principal> {
  const { handshake, principal: before } = socket.data;
  const principal = await deps.authenticate(handshake);
  if (!principal || principal.id !== before.id)
    throw commonErrors.problem(
      'unauthenticated',
      'The sign-in of this socket has ended. Sign in, and connect again.',
    );
  socket.data = { handshake, principal };
  return principal;
}

/**
 * Asks again for every socket of this process: one whose sign-in ended is told so and ended; one that lost a role leaves the rooms
 * that it may not read any more. What cannot be told just now (no database) is told next time.
 */
export async function renewAll(
  deps: ChatDeps,
  io: LiveServer,
  signal: AbortSignal,
  onEnd: () => void,
): Promise<void> {
  for (const socket of io.of('/').sockets.values()) {
    if (signal.aborted) return;
    try {
      const principal = await whoIs(deps, socket);
      for (const name of socket.rooms) {
        const room = name.replace(/^(talk|state) /, '');
        if (room !== name && !mayRead(principal, room)) void socket.leave(name);
      }
    } catch (error) {
      if (!isProblem(error) || (error.status !== 401 && error.status !== 403)) {
        deps.log.warn({ err: error }, 'it cannot be told whether a socket may go on');
        continue;
      }
      onEnd();
      socket.emit('bye', { code: error.code, detail: error.message });
      socket.disconnect(true);
    }
  }
}

function mayRead(principal: Principal, room: string): boolean {
  try {
    assertMayRead(principal, room);
    return true;
  } catch {
    return false;
  }
}
