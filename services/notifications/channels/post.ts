import { lookup as resolve } from 'node:dns';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import type { AddressRule } from './addresses.ts';
import { TryLater, Uncertain, Undeliverable } from './channel.ts';

export interface PostOptions {
  /** Which addresses may be reached. */
  rule: AddressRule;
  /** How names become addresses; a test has its own. */
  lookup?: LookupFunction;
  /** Milliseconds for all of it. */
  timeoutMs?: number;
}

/** Of an answer nobody reads more. */
const mostAnswer = 64 * 1024;

/** Throws a sentence where a message may never be sent to this address. */
export function checkUrl(text: string, rule: AddressRule): void {
  if (!URL.canParse(text)) throw new Error('This is no address: give one like https://host/path.');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new Error(`Messages are sent to http:// and https:// addresses, not to ${url.protocol}`);
  if (url.username !== '' || url.password !== '')
    throw new Error('An address with a user or a password in it is not kept: leave them out.');
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0 && !rule(literal)) throw new Error(refusal(literal));
}

const refusal = (address: string) =>
  `${address} is not a public address: nothing is sent there unless NOTIFY_ALLOW_ADDRESSES allows it.`;

/**
 * Posts JSON and resolves where it was taken (2xx). The address is checked when the connection is made, and the connection goes to the very
 * address that was checked: a name that resolves to something else a moment later changes nothing. Redirects are not followed.
 * Rejects with what `NotificationChannel.send` may.
 */
export function post(
  address: string,
  body: string,
  headers: Record<string, string>,
  { rule, lookup = resolve, timeoutMs = 10_000 }: PostOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    checkUrl(address, rule);
  } catch (error) {
    return Promise.reject(new Undeliverable((error as Error).message));
  }
  const url = new URL(address);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
  return new Promise((taken, refuse) => {
    const sent = send(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'Labwright',
        ...headers,
      },
      // A connection of its own: none that was checked for somebody else.
      agent: false,
      lookup: guarded(lookup, rule),
      signal: limit,
    });
    // From here on the other side may have taken it, whatever we hear.
    let handedOver = false;
    sent.on('finish', () => {
      handedOver = true;
    });
    sent.on('socket', (socket: Socket) => {
      // Whatever path led to a connection, nothing is written to one that may not be.
      socket.once('connect', () => {
        if (!rule(socket.remoteAddress ?? ''))
          socket.destroy(new Undeliverable(refusal(socket.remoteAddress ?? 'nowhere')));
      });
    });
    sent.on('response', (response) => {
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        // It has said what it had to say with its status.
        if (size > mostAnswer) response.destroy();
      });
      const verdict = verdictOf(response.statusCode ?? 0, response.headers['retry-after'], url);
      response.on('error', () => {});
      response.on('close', () => (verdict ? refuse(verdict) : taken()));
    });
    sent.on('error', (error) => {
      if (error instanceof Undeliverable) return refuse(error);
      if (signal.aborted && !handedOver) return refuse(signal.reason);
      const why = signal.aborted
        ? `${url.host} did not answer in our time.`
        : limit.aborted
          ? `${url.host} did not answer within ${timeoutMs / 1_000} s.`
          : handedOver
            ? `${url.host} took the request and did not answer: ${error.message}`
            : `${url.host} cannot be reached: ${error.message}`;
      refuse(handedOver ? new Uncertain(why, { cause: error }) : new Error(why, { cause: error }));
    });
    sent.end(body);
  });
}

/** Resolves a name and lets through only addresses that may be reached. */
const guarded =
  (lookup: LookupFunction, rule: AddressRule): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const all = Array.isArray(found) ? found : [{ address: found, family: isIP(found) }];
      const good = all.filter(({ address }) => rule(address));
      const [first] = good;
      if (!first)
        return callback(
          new Undeliverable(refusal(`${hostname} (${all.map(({ address }) => address).join(', ')})`)),
          [],
        );
      if (options.all) callback(null, good);
      else callback(null, first.address, first.family);
    });
  };

/** What a status says about the message; undefined: it was taken. */
function verdictOf(status: number, retryAfter: string | undefined, { host }: URL): Error | undefined {
  if (status >= 200 && status < 300) return undefined;
  if (status >= 300 && status < 400)
    return new Undeliverable(
      `${host} answered ${status}, which sends us elsewhere. Redirects are not followed: give the address itself.`,
    );
  const seconds = Number(retryAfter);
  if ((status === 429 || status === 503) && seconds > 0)
    return new TryLater(Math.min(seconds, 3_600) * 1_000, `${host} answered ${status}: later.`);
  // Of our side, and none that passes: another attempt would be answered alike.
  if (status >= 400 && status < 500 && ![404, 408, 409, 423, 425, 429].includes(status))
    return new Undeliverable(`${host} answered ${status}: it does not take this message.`);
  return new Error(`${host} answered ${status}.`);
}
