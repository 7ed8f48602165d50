import { createServer, connect as open, type Socket } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';

/**
 * What becomes of bytes on their way, in both directions:
 *
 *     pass   they arrive
 *     delay  they arrive, in order, so many milliseconds later
 *     hold   they wait, and arrive when the network is back: TCP sends again what was lost
 *     drop   they vanish, and nobody is told: no reset, no end. A connection that lost bytes is dead for ever, and neither
 *            side learns of it; a new one gets no answer while this lasts
 */
export type Weather = 'pass' | 'hold' | 'drop' | { delayMs: number };

/** A network between a process and a server of which a test decides what it does. */
export interface TestProxy {
  readonly port: number;
  /** The same address by way of this proxy. */
  through(url: string): string;
  weather: Weather;
  /** Ends every connection by a reset. */
  reset(): void;
  readonly connections: number;
  close(): Promise<void>;
}

/** Listens on a free port of this machine. */
export async function openProxy(target: { host: string; port: number }): Promise<TestProxy> {
  const links = new Set<Link>();
  let weather: Weather = 'pass';
  const server = createServer({ pauseOnConnect: true }, (near) => {
    const link = tie(
      near,
      target,
      () => weather,
      () => links.delete(link),
    );
    links.add(link);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a proxy without a port');
  const { port } = address;
  return {
    port,
    through: (url) => {
      const changed = new URL(url);
      changed.hostname = '127.0.0.1';
      changed.port = String(port);
      return changed.href;
    },
    get weather() {
      return weather;
    },
    set weather(next) {
      weather = next;
      for (const link of links) link.look();
    },
    reset: () => {
      for (const link of links) link.reset();
    },
    get connections() {
      return links.size;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const link of links) link.reset();
      await closed;
    },
  };
}

interface Link {
  /** The weather has changed. */
  look(): void;
  reset(): void;
}

function tie(
  near: Socket,
  target: { host: string; port: number },
  weather: () => Weather,
  gone: () => void,
): Link {
  let far: Socket | undefined;
  // Bytes of it were lost: nothing that it says later makes sense to the other side.
  let broken = false;
  let order = Promise.resolve();

  const both = () => [near, far].filter((socket) => socket !== undefined);
  const reset = () => {
    for (const socket of both()) {
      // The system refuses to reset one whose end is on its way; Node then keeps it open, and later never ends itself.
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
  };
  /** Passes the end of one side on, unless that too is lost. */
  const over = () => {
    if (weather() === 'drop' || broken) {
      broken = true;
      return;
    }
    void order.then(() => {
      for (const socket of both()) socket.destroySoon();
    });
  };
  const closed = () => {
    // The other side of a dead connection does not hear of it, and stays.
    if (both().every((socket) => socket.closed)) gone();
    else over();
  };
  const carry = (to: Socket) => (chunk: Buffer) => {
    const now = weather();
    if (broken || now === 'drop') {
      broken = true;
      return;
    }
    if (typeof now === 'object') {
      order = order.then(async () => {
        await after(now.delayMs, undefined, { ref: false });
        if (!broken) to.write(chunk);
      });
      return;
    }
    order = order.then(() => void (broken || to.write(chunk)));
  };
  const connect = () => {
    const other = open({ ...target, noDelay: true });
    far = other;
    near.setNoDelay(true);
    for (const [from, to] of [
      [near, other],
      [other, near],
    ] as const) {
      from.on('data', carry(to));
      from.on('end', over);
    }
    other.on('error', () => (broken ? undefined : reset()));
    other.on('close', closed);
  };
  const look = () => {
    const now = weather();
    if (now === 'drop' && far) broken = true;
    // One that was opened while everything vanishes was never heard of.
    if (now === 'drop' && !far) broken = true;
    if (!broken && !far && now !== 'hold') connect();
    for (const socket of both()) {
      if (now === 'hold') socket.pause();
      else socket.resume();
    }
  };
  near.on('error', () => (broken ? undefined : reset()));
  near.on('close', closed);
  look();
  return { look, reset };
}
