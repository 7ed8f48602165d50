import type { LabwrightError } from './errors.ts';
import { errorOfProblem, type ProblemBody } from './http/answer.ts';
import type { Caller } from './http/call.ts';
import { page } from './http/send.ts';

export interface LiveOptions {
  /** Ends it. */
  signal?: AbortSignal | undefined;
}

/** `stale`: it begins, or events may have been missed (a connection was lost): read anew what you show of this room. */
export type LiveTold =
  | { kind: 'event'; room: string; type: string; data: unknown }
  | { kind: 'stale'; room: string };

type Ack = { ok: true } | { ok: false; problem: ProblemBody & { retry_after?: number } };

/** What nobody takes is thrown away, and the room is stale. */
const mostWaiting = 1_000;
const answerMs = 5_000;

/**
 * `lab`, `device:ID`, `run:ID`, `user:ID`: what is told to whoever looks right now. The library that carries it is loaded on the
 * first use. A token can be sent by programs only; in a browser cookies tell who asks.
 */
export async function* watchLive(
  { urls, line }: Caller,
  rooms: readonly string[],
  { signal }: LiveOptions = {},
): AsyncGenerator<LiveTold, void, undefined> {
  const { io } = await import('socket.io-client');
  signal?.throwIfAborted();
  const url = urls['hub-service'];
  const headers = async () => {
    const token = await line.token?.(false);
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  };
  const socket = io(url === '' ? (page()?.origin ?? '') : url, {
    path: '/live',
    transports: ['websocket'],
    forceNew: true,
    reconnectionDelay: 100,
    reconnectionDelayMax: 3_000,
    extraHeaders: await headers(),
  });
  // A token may be over when the connection is made again.
  socket.io.on('reconnect_attempt', async () => {
    socket.io.opts.extraHeaders = await headers();
  });

  let waiting: LiveTold[] = [];
  let wake = () => {};
  let failure: LabwrightError | undefined;
  let over = false;
  const tell = (told: LiveTold) => {
    if (waiting.length >= mostWaiting) waiting = rooms.map((room) => ({ kind: 'stale', room }));
    else waiting.push(told);
    wake();
  };
  const watch = async (room: string) => {
    const answer: Ack | undefined = await socket
      .timeout(answerMs)
      .emitWithAck('watch', { room })
      .catch(() => undefined);
    if (answer?.ok) return tell({ kind: 'stale', room });
    const { problem } = answer ?? {};
    if (problem && problem.status < 500 && problem.retry_after === undefined) {
      failure = errorOfProblem(problem);
      wake();
    } else setTimeout(() => socket.connected && void watch(room), (problem?.retry_after ?? 1) * 1_000);
  };
  socket.on('connect', () => {
    for (const room of rooms) void watch(room);
  });
  socket.on('live', (event: { room: string; type: string; data: unknown }) =>
    tell({ kind: 'event', ...event }),
  );
  socket.on('disconnect', (reason) => {
    // Ended by the server on purpose, after which the library does not come back by itself.
    if (reason === 'io server disconnect') setTimeout(() => over || socket.connect(), 3_000);
  });
  const stop = () => wake();
  signal?.addEventListener('abort', stop);

  try {
    for (;;) {
      signal?.throwIfAborted();
      if (failure) throw failure;
      const told = waiting;
      waiting = [];
      yield* told;
      if (waiting.length === 0 && !failure && !signal?.aborted)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    over = true;
    signal?.removeEventListener('abort', stop);
    socket.disconnect();
  }
}
