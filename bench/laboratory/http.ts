import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';

export interface Answer {
  status: number;
  /** The parsed JSON. */
  body: unknown;
  headers: IncomingMessage['headers'];
}

export interface HttpClient {
  /** Rejects where no answer comes or where it is no JSON; every status is an answer. */
  send(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer>;
  /** As `send`; rejects, with what was answered, unless the status is 2xx. */
  expect(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer>;
  /** The status alone: the body is read and thrown away. */
  peek(path: string): Promise<{ status: number }>;
  /** The answer as it arrives. */
  stream(path: string, headers: Record<string, string>): Promise<IncomingMessage>;
  close(): void;
}

/** A client of one server that keeps its connections open: so many at most. `always`: headers of every request. */
export function httpClient(
  origin: string,
  signal: AbortSignal,
  connections = 1,
  always: Record<string, string> = {},
): HttpClient {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections });
  // Once for all instead of for each request, whose time is what is measured.
  const abort = () => agent.destroy();
  signal.addEventListener('abort', abort, { once: true });

  const open = (method: string, path: string, text: string | undefined, headers: Record<string, string>) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpRequest(
        origin + path,
        { agent, method, headers: { ...always, ...headers } },
        resolve,
      );
      request.on('error', reject);
      request.end(text);
    });

  const send: HttpClient['send'] = async (method, path, body) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers =
      text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) };
    const response = await open(method, path, text, headers);
    return {
      status: response.statusCode ?? 0,
      body: JSON.parse(await readText(response)),
      headers: response.headers,
    };
  };

  return {
    send,
    expect: async (method, path, body) => {
      const answer = await send(method, path, body);
      if (answer.status < 200 || answer.status > 299)
        throw new Error(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      return answer;
    },
    peek: async (path) => {
      const response = await open('GET', path, undefined, {});
      await readText(response);
      return { status: response.statusCode ?? 0 };
    },
    stream: (path, headers) => open('GET', path, undefined, headers),
    close: () => {
      signal.removeEventListener('abort', abort);
      agent.destroy();
    },
  };
}

function readText(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    response.on('data', (part: Buffer) => parts.push(part));
    response.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
    response.on('error', reject);
  });
}

/** A member of an answer's object. */
export function member(answer: Answer, name: string): unknown {
  const { body } = answer;
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
}
