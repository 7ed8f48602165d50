import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Milliseconds that a connection has to ask something once the server closes. */
const patienceMs = 1_000;

/**
 * Ends the connections that have no request in hand, and then each one behind its last answer: for a server that closes. Node's own
 * `closeIdleConnections` leaves one that never asked anything, or that stopped in the middle of its first line, and a server that closes no
 * longer looks at its time limits: a browser opens such connections ahead of need, and would hold the closing up until it gives them up.
 */
export function unusedConnections(server: Server): { end(): void } {
  /** Requests in hand: several where a client does not wait for answers. */
  const connections = new Map<Socket, number>();
  let ending = false;
  const count = (socket: Socket, more: 1 | -1) => {
    const before = connections.get(socket);
    if (before === undefined) return;
    connections.set(socket, before + more);
    if (ending && before + more === 0) socket.destroySoon();
  };
  server.on('connection', (socket: Socket) => {
    connections.set(socket, 0);
    socket.once('close', () => connections.delete(socket));
    if (!ending) return;
    // It may ask, and hear that this server closes.
    const patience = setTimeout(() => connections.get(socket) === 0 && socket.destroy(), patienceMs);
    socket.once('close', () => clearTimeout(patience));
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    count(socket, 1);
    response.once('close', () => count(socket, -1));
  });
  // From here on it belongs to somebody else, who ends it.
  server.on('upgrade', (_request: IncomingMessage, socket: Socket) => void connections.delete(socket));
  return {
    end: () => {
      ending = true;
      for (const [socket, inHand] of connections) if (inHand === 0) socket.destroy();
    },
  };
}
