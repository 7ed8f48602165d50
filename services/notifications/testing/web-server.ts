import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface WebServer {
  readonly port: number;
  readonly url: string;
  /** What was answered with 2xx. */
  readonly taken: Received[];
  /** Everything that was asked. */
  readonly asked: Received[];
  answer: (request: Received, response: ServerResponse) => void;
  close(): Promise<void>;
}

const ok = (_request: Received, response: ServerResponse) => void response.writeHead(204).end();

/** A real web server in this process, on this machine alone. */
export async function startWebServer(): Promise<WebServer> {
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const received = { path: request.url ?? '', headers: request.headers, body };
    state.asked.push(received);
    response.on('finish', () => {
      if (response.statusCode >= 200 && response.statusCode < 300) state.taken.push(received);
    });
    state.answer(received, response);
  };
  const server = createServer((request, response) => void handle(request, response).catch(() => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const state: WebServer = {
    port,
    url: `http://127.0.0.1:${port}`,
    taken: [],
    asked: [],
    answer: ok,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return state;
}
