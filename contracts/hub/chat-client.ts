import { Problem, type ProblemBody } from '@labwright/kernel/errors';
import { io, type Socket } from 'socket.io-client';
import type { Ask, AskAnswers, AskInput, ChangesFrame, ChatMessage, Tells } from './chat.ts';
import { socketPath } from './socket-path.ts';

/**
 * A client that shows every change of a room once and in order, whatever becomes of connections and servers. All it needs to
 * remember of a room is one number, the last change that it has seen:
 *
 *     follow ──► the server answers where the room stands; what is older is asked for, in pages
 *     a frame (from, to] ──begins where we are──► shown
 *                        ──ends where we are or before──► known already, dropped
 *                        ──begins later──► something is missing: asked for
 *     the connection is lost ──► another one, followed again, asked for what came meanwhile
 *
 * What is sent has an id of its own, and is sent again with it until it is answered: it is written once.
 */
export interface ChatClientOptions {
  /** `http://host:port` of the hub, or of any of its processes. */
  url: string;
  /** `{authorization: 'Bearer …'}`; a browser sends its cookies by itself, and can send no other header. */
  headers?: Record<string, string>;
  /** Those of another connection, where the first one was lost: a token is over after a while. */
  renewHeaders?(): Promise<Record<string, string>>;
  /** The id of the person whose messages these are. Where the cookies are somebody else's by now, they are refused: `another_person`. */
  as?: string;
  /** Everything after the last change seen, in order, each change once. A message that was edited or deleted comes again. */
  onChanges(room: string, messages: ChatMessage[]): void;
  onLive?(event: Tells['live']): void;
  /** Live events may have been missed: what is shown of this room has to be read anew. Also after each `watch`. */
  onStale?(room: string): void;
  onTyping?(typing: Tells['typing']): void;
  onPresence?(presence: Tells['presence']): void;
  /** The connection is there; it is gone, or could not be made (asked again with each try). */
  onConnection?(connected: boolean): void;
  /** The server ends the connection, and says why; it is tried again all the same. */
  onBye?(why: { code: string; detail: string }): void;
  /** The server knows less than we have seen (its database was restored): we begin anew, from 0. */
  onReset?(room: string): void;
  /** Milliseconds until an unanswered request counts as lost; 5,000. */
  answerMs?: number;
  /** Milliseconds between two tries to connect: they grow from the first to the second, with chance; 100 and 3,000. */
  retryMs?: readonly [number, number];
}

export interface ChatClient {
  /** From now on (nothing given), or from after a change that was seen earlier; 0: everything. Resolves once it follows. */
  follow(room: string, after?: number): Promise<void>;
  unfollow(room: string): void;
  watch(room: string): void;
  unwatch(room: string): void;
  /** Resolves once the message is stored, however often that takes. One after the other in a room, in this order. */
  send(room: string, text: string, id?: string): Promise<ChatMessage>;
  typing(room: string): void;
  /** The last change that was shown; what `follow` wants to go on from there later. */
  position(room: string): number | undefined;
  readonly connected: boolean;
  close(): void;
}

type Ack<A extends Ask> =
  | { ok: true; value: AskAnswers[A] }
  | { ok: false; problem: ProblemBody & { retry_after?: number } };

interface Followed {
  /** Undefined until the server has said where the room stands. */
  position: number | undefined;
  /** The room is known to have come this far. */
  wanted: number;
  catching: boolean;
  first: PromiseWithResolvers<void>;
}

export function connectChat(options: ChatClientOptions): ChatClient {
  const { answerMs = 5_000, retryMs = [100, 3_000] } = options;
  const socket: Socket = io(options.url, {
    path: socketPath,
    // One connection is with one process; polling would need a balancer that sends each request to the same one.
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelay: retryMs[0],
    reconnectionDelayMax: retryMs[1],
    timeout: answerMs,
    ...(options.headers ? { extraHeaders: options.headers } : {}),
  });
  const followed = new Map<string, Followed>();
  const watched = new Set<string>();
  /** The last message on its way to each room. */
  const outbox = new Map<string, Promise<unknown>>();
  const closed = new AbortController();

  /** Throws a `Problem`, or any other error where nobody knows whether it was done. */
  const ask = async <A extends Ask>(name: A, input: AskInput<A>): Promise<AskAnswers[A]> => {
    const ack = (await socket.timeout(answerMs).emitWithAck(name, input)) as Ack<A>;
    if (ack.ok) return ack.value;
    const { retry_after, ...problem } = ack.problem;
    throw Problem.fromWire(problem, retry_after);
  };

  const apply = (room: string, state: Followed, frame: ChangesFrame) => {
    if (state.position === undefined || frame.to <= state.position || frame.from > state.position) return;
    const seen = state.position;
    state.position = frame.to;
    const fresh = frame.messages.filter(({ change }) => change > seen);
    if (fresh.length > 0) options.onChanges(room, fresh);
  };

  /** Asks for page after page until nothing is missing; where the connection breaks, following anew asks again. */
  const catchUp = async (room: string, state: Followed) => {
    if (state.catching) return;
    state.catching = true;
    try {
      for (;;) {
        const { position, wanted } = state;
        if (followed.get(room) !== state || position === undefined) return;
        const page = await ask('changes', { room, after: position });
        apply(room, state, page);
        // A frame that came meanwhile may have overtaken the page, and only asking again brings what it told of.
        const overtaken = state.wanted > wanted && state.wanted > page.to;
        if (!page.more && !overtaken) break;
      }
      state.wanted = state.position ?? 0;
    } catch (error) {
      // Not by the connection: then nothing would ask again.
      if (socket.connected) await retryLater(error, () => void catchUp(room, state));
    } finally {
      state.catching = false;
    }
  };

  const retryLater = async (error: unknown, again: () => void) => {
    const seconds = error instanceof Problem ? (error.retryAfter ?? 1) : 1;
    setTimeout(() => closed.signal.aborted || again(), seconds * 1_000);
  };

  const enter = async (room: string, state: Followed): Promise<void> => {
    try {
      // What comes by itself may overtake the answer.
      const seen = state.position ?? 0;
      const { position, newest } = await ask('follow', { room });
      if (followed.get(room) !== state) return;
      if (seen > newest) {
        state.position = 0;
        options.onReset?.(room);
      }
      state.position ??= position;
      state.wanted = Math.max(state.wanted, newest);
      state.first.resolve();
      if (state.position < state.wanted) await catchUp(room, state);
    } catch (error) {
      const refused = error instanceof Problem && error.status < 500 && error.retryAfter === undefined;
      if (refused) {
        followed.delete(room);
        state.first.reject(error);
      } else if (socket.connected)
        await retryLater(error, () => followed.get(room) === state && void enter(room, state));
    }
  };

  const look = async (room: string): Promise<void> => {
    try {
      await ask('watch', { room });
      options.onStale?.(room);
    } catch (error) {
      if (socket.connected && !(error instanceof Problem && error.status < 500))
        await retryLater(error, () => watched.has(room) && void look(room));
    }
  };

  const renewHeaders = async () => {
    // Where nobody can tell now who asks, the next try asks again.
    const headers = await options.renewHeaders?.().catch(() => undefined);
    if (headers) socket.io.opts.extraHeaders = headers;
  };
  socket.io.on('reconnect_attempt', () => void renewHeaders());
  socket.on('connect', () => {
    options.onConnection?.(true);
    for (const [room, state] of followed) void enter(room, state);
    for (const room of watched) void look(room);
  });
  socket.on('changes', (frame: ChangesFrame) => {
    const state = followed.get(frame.room);
    if (state?.position === undefined) return;
    if (frame.from <= state.position) return apply(frame.room, state, frame);
    state.wanted = Math.max(state.wanted, frame.to);
    void catchUp(frame.room, state);
  });
  socket.on('live', (event: Tells['live']) => options.onLive?.(event));
  socket.on('typing', (typing: Tells['typing']) => options.onTyping?.(typing));
  socket.on('presence', (presence: Tells['presence']) => options.onPresence?.(presence));
  socket.on('bye', (why: { code: string; detail: string }) => options.onBye?.(why));
  socket.on('connect_error', () => options.onConnection?.(false));
  socket.on('disconnect', (reason) => {
    options.onConnection?.(false);
    // Ended by the server on purpose, after which the library does not come back by itself.
    if (reason === 'io server disconnect')
      setTimeout(async () => {
        await renewHeaders();
        if (!closed.signal.aborted) socket.connect();
      }, retryMs[1]);
  });

  const untilConnected = () =>
    new Promise<void>((resolve, reject) => {
      if (closed.signal.aborted) return reject(closed.signal.reason);
      if (socket.connected) return resolve();
      const done = () => {
        socket.off('connect', done);
        closed.signal.removeEventListener('abort', done);
        if (closed.signal.aborted) reject(closed.signal.reason);
        else resolve();
      };
      socket.on('connect', done);
      closed.signal.addEventListener('abort', done);
    });

  const deliver = async (input: AskInput<'send'>): Promise<ChatMessage> => {
    for (;;) {
      await untilConnected();
      try {
        return await ask('send', input);
      } catch (error) {
        if (!(error instanceof Problem)) continue;
        if (error.retryAfter === undefined && error.status < 500) throw error;
        await new Promise((resolve) => setTimeout(resolve, (error.retryAfter ?? 1) * 1_000));
      }
    }
  };

  return {
    follow: (room, after) => {
      const state: Followed = {
        position: after,
        wanted: after ?? 0,
        catching: false,
        first: Promise.withResolvers(),
      };
      state.first.promise.catch(() => {});
      followed.set(room, state);
      if (socket.connected) void enter(room, state);
      return state.first.promise;
    },
    unfollow: (room) => {
      if (followed.delete(room) && socket.connected) socket.emit('unfollow', { room });
    },
    watch: (room) => {
      watched.add(room);
      if (socket.connected) void look(room);
    },
    unwatch: (room) => {
      if (watched.delete(room) && socket.connected) socket.emit('unwatch', { room });
    },
    send: (room, text, id = crypto.randomUUID()) => {
      const before = outbox.get(room) ?? Promise.resolve();
      const sent = before.then(() => deliver({ room, id, text, ...(options.as ? { as: options.as } : {}) }));
      const settled = sent.catch(() => {});
      outbox.set(room, settled);
      void settled.then(() => outbox.get(room) === settled && outbox.delete(room));
      return sent;
    },
    typing: (room) => {
      if (socket.connected) socket.volatile.emit('typing', { room });
    },
    position: (room) => followed.get(room)?.position,
    get connected() {
      return socket.connected;
    },
    close: () => {
      closed.abort(new Error('The chat client was closed'));
      socket.disconnect();
    },
  };
}
