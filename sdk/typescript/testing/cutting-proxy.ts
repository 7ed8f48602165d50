import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** `before`: the server never hears of it. `after`: it has answered, and nobody hears that. A number: an answer with that status instead. */
export type Fate = 'pass' | 'before' | 'after' | { status: number; headers?: Record<string, string> };

export interface Passed {
  readonly method: string;
  readonly path: string;
  readonly key: string | undefined;
  readonly fate: Fate;
}

export interface CuttingProxy {
  readonly url: string;
  /** What has come by so far. */
  readonly seen: readonly Passed[];
  /** Decides what becomes of each request. */
  fate: (request: { method: string; path: string; times: number }) => Fate;
  close(): Promise<void>;
}

/** A network to one service that breaks where a test says. */
export async function openCuttingProxy(target: string): Promise<CuttingProxy> {
  const seen: Passed[] = [];
  const server = createServer(async (request, response) => {
    const { method = 'GET', url = '/' } = request;
    const path = url.replace(/\?.*/, '');
    const times = seen.filter((one) => one.method === method && one.path === path).length + 1;
    const fate = proxy.fate({ method, path, times });
    seen.push({ method, path, key: request.headers['idempotency-key']?.toString(), fate });
    const body = await buffer(request);
    if (fate === 'before') return void request.socket.resetAndDestroy();
    if (typeof fate === 'object') {
      response.writeHead(fate.status, fate.headers);
      return void response.end();
    }
    const left = new AbortController();
    response.once('close', () => left.abort());
    try {
      const answer = await fetch(target + url, {
        method,
        headers: headersOf(request),
        redirect: 'manual',
        signal: left.signal,
        ...(body.length > 0 ? { body } : {}),
      });
      const bytes = await answer.bytes();
      if (fate === 'after') return void request.socket.resetAndDestroy();
      const headers = Object.fromEntries(
        [...answer.headers].filter(([name]) => !['transfer-encoding', 'connection'].includes(name)),
      );
      response.writeHead(answer.status, headers);
      response.end(bytes);
    } catch {
      request.socket.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy: CuttingProxy = {
    url: `http://127.0.0.1:${port}`,
    seen,
    fate: () => 'pass',
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
  return proxy;
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const own = ['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive'];
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !own.includes(name))
      .map(([name, value]) => [name, String(value)]),
  );
}
