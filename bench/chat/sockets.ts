import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { sharedClock } from '../processes/orders.ts';

/** Sockets of one process in one room, each of which reads every message; the first of them also writes. */
export interface Sockets {
  /** Writes so many messages, so many of them on their way at once. */
  write(count: number, atOnce: number): Promise<void>;
  /** Writes so many messages at an even pace, whatever becomes of them. */
  pace(count: number, perSecond: number): Promise<void>;
  /** Resolves once each socket has read so many messages since the last `forget`. */
  read(count: number): Promise<void>;
  /** How many deliveries took so many tenths of a millisecond, from before it was written until it was read. */
  latencies(): Record<number, number>;
  forget(): void;
}

export type Side = 'ours' | 'floor';

const room = 'lab';
const filler = 'x'.repeat(150);

/** What the two protocols need, by hand, so that both sides cost their clients the same. */
const protocols = {
  ours: {
    path: '/live/?EIO=4&transport=websocket',
    enter: async (socket: WebSocket) => {
      await next(socket, (text) => text.startsWith('0'));
      socket.send('40');
      await next(socket, (text) => text.startsWith('40'));
      socket.send(`420${JSON.stringify(['follow', { room }])}`);
      await next(socket, (text) => text.startsWith('430'));
    },
    encode: (text: string) => `42${JSON.stringify(['send', { room, id: randomUUID(), text }])}`,
    texts: (frame: string): string[] => {
      if (!frame.startsWith('42["changes"')) return [];
      const [, { messages }] = JSON.parse(frame.slice(2)) as [string, { messages: { text: string }[] }];
      return messages.map(({ text }) => text);
    },
  },
  floor: {
    path: '/',
    enter: async () => {},
    encode: (text: string) => JSON.stringify({ room, id: randomUUID(), text }),
    texts: (frame: string): string[] => [(JSON.parse(frame) as { text: string }).text],
  },
};

export async function openSockets(side: Side, port: number, count: number, name: string): Promise<Sockets> {
  const protocol = protocols[side];
  const sockets: WebSocket[] = [];
  let wanted = 0;
  let seen = new Map<WebSocket, number>();
  let latencies = new Map<number, number>();
  let done = Promise.withResolvers<void>();
  /** Of the first socket, whose own messages pace it. */
  let onOwn = () => {};

  const look = () => {
    if (wanted > 0 && sockets.every((socket) => (seen.get(socket) ?? 0) >= wanted)) done.resolve();
  };
  const open = async (index: number) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${protocol.path}`, {
      headers: { authorization: `${name}-${index}` },
    });
    // Engine.IO asks whether we live.
    socket.on('message', (data) => void (data.toString() === '2' && socket.send('3')));
    await Promise.all([
      new Promise((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', reject);
      }),
      protocol.enter(socket),
    ]);
    const first = index === 0;
    socket.on('message', (data) => {
      const texts = protocol.texts(data.toString());
      if (texts.length === 0) return;
      const now = sharedClock();
      for (const text of texts) {
        const tenths = Math.round((now - Number(text.slice(0, text.indexOf(' ')))) / 100_000);
        latencies.set(tenths, (latencies.get(tenths) ?? 0) + 1);
        if (first) onOwn();
      }
      const before = seen.get(socket) ?? 0;
      seen.set(socket, before + texts.length);
      if (before < wanted && before + texts.length >= wanted) look();
    });
    sockets.push(socket);
  };
  for (let index = 0; index < count; index += 50)
    await Promise.all(Array.from({ length: Math.min(50, count - index) }, (_, at) => open(index + at)));

  const writer = () => {
    const socket = sockets[0];
    if (!socket) throw new Error('there are no sockets');
    return () => socket.send(protocol.encode(`${sharedClock()} ${filler}`));
  };

  return {
    write: (total, atOnce) =>
      new Promise((resolve) => {
        const send = writer();
        let sent = 0;
        let read = 0;
        onOwn = () => {
          read += 1;
          if (sent < total) {
            sent += 1;
            send();
          } else if (read >= total) resolve();
        };
        for (; sent < Math.min(atOnce, total); sent += 1) send();
      }),
    pace: (total, perSecond) =>
      new Promise((resolve) => {
        const send = writer();
        const start = performance.now();
        let sent = 0;
        const tick = setInterval(() => {
          const due = Math.min(total, Math.floor(((performance.now() - start) / 1_000) * perSecond));
          for (; sent < due; sent += 1) send();
          if (sent < total) return;
          clearInterval(tick);
          resolve();
        }, 5);
      }),
    read: (total) => {
      wanted = total;
      look();
      return done.promise;
    },
    latencies: () => Object.fromEntries(latencies),
    forget: () => {
      wanted = 0;
      seen = new Map();
      latencies = new Map();
      done = Promise.withResolvers();
      onOwn = () => {};
    },
  };
}

function next(socket: WebSocket, wanted: (text: string) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const hear = (data: unknown) => {
      if (!wanted(String(data))) return;
      socket.off('message', hear);
      resolve();
    };
    socket.on('message', hear);
  });
}
