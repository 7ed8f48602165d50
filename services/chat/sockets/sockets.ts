import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Ask, asks, type ChatMessage, type Tells } from '@labwright/contract-hub/chat';
import type { Live } from '@labwright/contract-hub/live';
import type { App } from '@labwright/kernel/http';
import { loop, type Part } from '@labwright/kernel/lifecycle';
import { type Socket as Connection, Server as Engine } from 'engine.io';
import { Server, type Socket } from 'socket.io';
import type { Backplane, OpenBackplane } from '../backplane/backplane.ts';
import type { ChatDeps } from '../deps.ts';
import type { MessageWriter } from '../messages/message-writer.ts';
import type { SendLimit } from '../messages/send-limit.ts';
import { createPresence } from '../presence/presence.ts';
import { createAnswerers } from './answerers.ts';
import { answerAsk } from './asks.ts';
import { cutOffWhenBehind, terminate } from './behind.ts';
import { createBucket } from './bucket.ts';
import { createLiveEvents, type ToldEvent } from './live-events.ts';
import { roomOfTalk, stateOf, talkOf } from './names.ts';
import { renewAll } from './renew.ts';
import { createRoomLogs } from './room-logs.ts';
import { type Admission, admissions, upgrade } from './upgrade.ts';

type ClientEvents = { [A in Ask]: (...given: unknown[]) => void };
export type ServerEvents = { [T in keyof Tells]: (what: Tells[T]) => void } & {
  /** Why the server ends this socket. */
  bye: (why: { code: string; detail: string }) => void;
};
/** What a process tells the others: a room has come as far as this; the changes themselves where they are small. */
interface Hint {
  room: string;
  to: number;
  messages: ChatMessage[] | null;
}
type ProcessEvents = { hint: (hint: Hint) => void; told: (events: ToldEvent[]) => void };
export type LiveServer = Server<ClientEvents, ServerEvents, ProcessEvents, Admission>;
export type LiveSocket = Socket<ClientEvents, ServerEvents, ProcessEvents, Admission>;

export interface Sockets extends Part, Live {
  /** Takes the upgrades of this server. */
  attach(app: App): void;
  /** Changes of a room that this process committed. */
  committed(room: string, messages: readonly ChatMessage[]): void;
}

/** Bytes of a hint: one that is larger goes without the changes, for a notification of PostgreSQL holds no more than 8,000. */
const largestHint = 6_000;
/** More comings and goings than these are not named one by one. */
const mostNamed = 50;
/** Milliseconds that an open connection has to say which protocol it speaks. */
const connectMs = 5_000;
/** Milliseconds that the end of a connection may take. */
const farewellMs = 500;

/**
 * WebSockets on the server of the service. Only WebSockets: a session that polls would have to come to the same process with
 * every request, and one connection is always with one process.
 */
export function createSockets(
  deps: ChatDeps,
  options: {
    open: OpenBackplane | undefined;
    writer: MessageWriter;
    limit: SendLimit;
    onRevoked?: ((listener: () => void) => void) | undefined;
  },
): Sockets {
  const { log, settings, metrics } = deps;
  let server: { io: LiveServer; engine: Engine; backplane: Backplane | undefined } | undefined;
  let closing = false;
  /** Sockets of each principal. */
  const sockets = new Map<string, number>();
  const connections = new Set<Connection>();
  const cut = metrics.counter('live_sockets_cut_off_total', 'Sockets ended by this side', ['why']);
  metrics.gauge('live_sockets', 'Open sockets', () => server?.engine.clientsCount ?? 0);

  const logs = createRoomLogs(
    deps,
    (frame) => void server?.io.local.to(talkOf(frame.room)).emit('changes', frame),
    (room) => (server?.io.of('/').adapter.rooms.get(talkOf(room))?.size ?? 0) > 0,
  );
  const live = createLiveEvents({
    log,
    largest: largestHint,
    emit: (room, { type, data }) =>
      void server?.io.local.to(stateOf(room)).emit('live', { room, type, data }),
    tell: () => server?.backplane && ((events) => void server?.io.serverSideEmit('told', events)),
  });
  const presence = createPresence(deps, (room, joined, left) => {
    const named = joined.length + left.length <= mostNamed;
    const people = (places: typeof joined) => places.map(({ id, name }) => ({ id, name }));
    server?.io
      .to(talkOf(room))
      .emit(
        'presence',
        named ? { room, joined: people(joined), left: people(left) } : { room, joined: null, left: null },
      );
  });
  const renew = loop({
    name: 'live asks again who listens',
    idleMs: settings.renewMs,
    log,
    work: async (signal) => {
      if (server) await renewAll(deps, server.io, signal, () => cut.inc({ why: 'signed_out' }));
    },
  });

  // At once, but not for each of many that end together.
  let soon: NodeJS.Timeout | undefined;
  options.onRevoked?.(() => {
    soon ??= setTimeout(() => {
      soon = undefined;
      renew.poke();
    }, settings.gatherMs).unref();
  });

  const connected = (socket: LiveSocket) => {
    const answerers = createAnswerers(deps, { socket, logs, presence, ...options });
    for (const ask of Object.keys(asks) as Ask[])
      socket.on(ask, (...given: unknown[]) => void answerAsk(log, answerers, ask, given));
  };

  const watchConnection = (engine: Engine) => {
    engine.on('connection', (connection) => {
      const id = admissions.get(connection.request)?.principal.id ?? '';
      connections.add(connection);
      sockets.set(id, (sockets.get(id) ?? 0) + 1);
      connection.once('close', () => {
        connections.delete(connection);
        const left = (sockets.get(id) ?? 1) - 1;
        if (left > 0) sockets.set(id, left);
        else sockets.delete(id);
      });
      cutOffWhenBehind(connection, settings.mostBehind, () => {
        cut.inc({ why: 'behind' });
        log.info('a socket that does not read was cut off');
      });
      const frames = createBucket(deps.clock, settings.frames);
      connection.on('packet', ({ type }: { type: string }) => {
        if (type !== 'message' || frames() === 0) return;
        cut.inc({ why: 'flood' });
        terminate(connection);
      });
    });
  };

  return {
    name: 'live',
    attach: (app) => {
      app.server.on('upgrade', (...[request, socket, head]: [IncomingMessage, Duplex, Buffer]) => {
        if (!server) return void socket.destroy();
        const door = {
          addressOf: (raw: IncomingMessage) => app.addressOf(raw),
          count: app.countUpgrade,
          socketsOf: (id: string) => sockets.get(id) ?? 0,
          closing: () => closing,
        };
        void upgrade(deps, server.engine, door, [request, socket, head]);
      });
      // A server that closes waits for its connections: those that stay for ever must go first.
      app.addHook('preClose', async () => {
        closing = true;
        const all = [...connections];
        for (const connection of all) connection.close(true);
        // Whoever does not answer the farewell is not waited for.
        setTimeout(() => all.forEach(terminate), farewellMs).unref();
      });
    },
    start: async () => {
      const backplane = await options.open?.(log);
      const engine = new Engine({
        transports: ['websocket'],
        allowUpgrades: false,
        maxHttpBufferSize: settings.largestFrame,
        pingInterval: settings.pingMs,
        pingTimeout: settings.pingMs,
      });
      const io: LiveServer = new Server({
        serveClient: false,
        connectTimeout: connectMs,
        ...(backplane ? { adapter: backplane.adapter } : {}),
      });
      watchConnection(engine);
      io.use((socket, next) => {
        const admission = admissions.get(socket.request);
        if (!admission) return next(new Error('Nobody was let in'));
        socket.data = admission;
        next();
      });
      io.on('connection', connected);
      io.on('hint', ({ room, to, messages }) =>
        messages ? logs.offer(room, messages) : logs.reached(room, to),
      );
      io.on('told', live.receive);
      io.of('/').adapter.on('delete-room', (name: string) => {
        const room = roomOfTalk(name);
        if (room) logs.leave(room);
      });
      io.bind(engine);
      server = { io, engine, backplane };
      await presence.start();
      await logs.start();
      await renew.start();
    },
    stop: async () => {
      closing = true;
      clearTimeout(soon);
      await renew.stop();
      await logs.stop();
      if (server) {
        const { io, backplane } = server;
        await io.close();
        await presence.stop();
        server = undefined;
        await backplane?.close();
      }
    },
    publish: live.publish,
    committed: (room, messages) => {
      logs.offer(room, messages);
      if (!server?.backplane) return;
      const to = Math.max(...messages.map(({ change }) => change));
      const whole = { room, to, messages: [...messages] };
      const small = Buffer.byteLength(JSON.stringify(whole)) <= largestHint;
      server.io.serverSideEmit('hint', small ? whole : { room, to, messages: null });
    },
  };
}
