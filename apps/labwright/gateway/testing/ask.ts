import { type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into what it expects
  readonly body: any;
}

/** One request as it is, with whatever headers: `fetch` would mend some of them. */
export function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: unknown } = {},
): Promise<Answer> {
  const { method = 'GET', body } = options;
  const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const headers = {
    ...(sent === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(sent)) }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent: false }, (response) => {
      text(response).then((found) => {
        const json = /[/+]json$/.test(response.headers['content-type']?.split(';')[0] ?? '');
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: found,
          body: json && found !== '' ? JSON.parse(found) : undefined,
        });
      }, reject);
    });
    asked.once('error', reject);
    asked.end(sent);
  });
}
