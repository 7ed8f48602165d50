import type { IncomingHttpHeaders } from 'node:http';
import { accessCookie } from '@labwright/contract-hub/identity';
import { contextHeaders } from '@labwright/kernel/context';

/**
 * All that goes on from a request. What is not here stays behind: above all what only a proxy may say (`x-forwarded-for` and its like,
 * `labwright-on-behalf-of`, `labwright-client`), and what a browser says of the page (`origin`, `sec-fetch-*`), which the hub has judged already.
 */
const passedOn = [
  'accept',
  'accept-encoding',
  'accept-language',
  'authorization',
  'content-encoding',
  'content-length',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'range',
  'user-agent',
] as const;

/**
 * What the other service is sent. `behindAccounts`: it is told that this comes through a proxy, and trusts it no further than who signed in.
 * `vouched`: what the hub says of the client's address.
 */
export function headersFor(
  headers: IncomingHttpHeaders,
  { behindAccounts, vouched }: { behindAccounts: boolean; vouched: Record<string, string> },
): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const name of passedOn) {
    const value = headers[name];
    if (typeof value === 'string') sent[name] = value;
  }
  const cookie = accessCookieOf(headers.cookie);
  if (cookie && sent.authorization === undefined) sent.cookie = cookie;
  // Without accounts the hub has made sure that somebody at this machine asks, which is all that the other service asks for.
  if (behindAccounts) sent.via = '1.1 labwright-hub';
  return { ...sent, ...vouched, ...contextHeaders() };
}

/** No other cookie of this host is anybody's business. */
function accessCookieOf(header: string | undefined): string | undefined {
  const names: readonly string[] = [accessCookie.secure, accessCookie.plain];
  const pairs = (header ?? '').split(';').map((pair) => pair.trim());
  return (
    pairs.filter((pair) => names.includes(pair.slice(0, pair.indexOf('=')).trim())).join('; ') || undefined
  );
}

const hopByHop = new Set(['connection', 'keep-alive', 'proxy-authenticate', 'te', 'trailer', 'upgrade']);

/** What comes back: paths lead through the gateway, as the request did. */
export function headersBack(headers: IncomingHttpHeaders, prefix: string): IncomingHttpHeaders {
  const back = Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
  const { location } = back;
  if (typeof location === 'string' && location.startsWith('/')) back.location = `${prefix}${location}`;
  return back;
}
