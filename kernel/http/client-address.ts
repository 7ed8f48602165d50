import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { InNetworks } from '../networks.ts';
import type { App } from './server.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Who has sent this: the peer, or whom a trusted proxy or another service names. For what is no request yet; a request has it as `ip`. */
    addressOf(raw: Pick<IncomingMessage, 'socket' | 'headers'>): string;
  }
}

/**
 * The address of whoever is behind `peer`. Only a trusted proxy is asked, for its `X-Forwarded-For`, from the right: each proxy adds whom it heard from at
 * the end, so the first one that is no trusted proxy is the client, and what stands before it is the client's own invention.
 */
export function clientAddress(
  peer: string,
  forwarded: string | string[] | undefined,
  trusted: InNetworks | undefined,
): string {
  if (!trusted || forwarded === undefined || !trusted(peer)) return peer;
  let client = peer;
  for (const entry of String(forwarded).split(',').reverse()) {
    const address = withoutPort(entry.trim());
    // What is no address says nothing of who stands before it.
    if (isIP(address) === 0) break;
    client = address;
    if (!trusted(address)) break;
  }
  return client;
}

/** `192.0.2.1:4711`, `[2001:db8::1]:4711`, `[2001:db8::1]`. */
function withoutPort(text: string): string {
  const [, bracketed, plain] = /^\[(.*)\](?::\d+)?$|^([\d.]+):\d+$/.exec(text) ?? [];
  return bracketed ?? plain ?? text;
}

/** The address of the client for whom another service of this laboratory passes a request on, as far as these headers prove it. */
export type VouchedAddress = (headers: IncomingHttpHeaders) => string | undefined;

/**
 * Behind proxies that are trusted a request has the address of its client, and the scheme that the client used; by way of another service, the
 * address that this service proves. Without any, nothing that a header says of either is believed.
 */
export function findClients(
  app: App,
  { trusted, vouched }: { trusted?: InNetworks | undefined; vouched?: VouchedAddress | undefined },
): void {
  const peerOf = ({ socket }: Pick<IncomingMessage, 'socket'>) => socket.remoteAddress ?? '';
  app.decorate(
    'addressOf',
    (raw) => vouched?.(raw.headers) ?? clientAddress(peerOf(raw), raw.headers['x-forwarded-for'], trusted),
  );
  if (!trusted && !vouched) return;
  app.addHook('onRequest', async (request) => {
    const { raw, headers } = request;
    Object.defineProperty(request, 'ip', { value: app.addressOf(raw) });
    if (!trusted?.(peerOf(raw))) return;
    const scheme = String(headers['x-forwarded-proto'] ?? '')
      .split(',')
      .at(-1)
      ?.trim();
    if (scheme === 'https' || scheme === 'http')
      Object.defineProperty(request, 'protocol', { value: scheme });
  });
}
