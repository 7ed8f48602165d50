import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** `203.0.113.7 <proof>`: for whom the hub passes a request on. */
const header = 'labwright-client';

/** What the hub adds to a request that it passes on for whoever is at this address. */
export type Vouch = (address: string) => Record<string, string>;

/**
 * The hub stands between browsers and the other services, which would see its address alone. It tells them for whom it asks, with a proof that only
 * services of this laboratory can make: so it need not be known by an address, and nobody else has a word in it.
 */
export function vouchFor(serviceToken: string): Vouch {
  return (address) => ({ [header]: `${address} ${proofOf(serviceToken, address).toString('base64url')}` });
}

/** Reads it: the address that one of these tokens proves; undefined where none does. */
export function vouchedBy(
  serviceTokens: readonly string[],
): (headers: IncomingHttpHeaders) => string | undefined {
  return (headers) => {
    const given = headers[header];
    if (typeof given !== 'string') return undefined;
    const [address = '', proof = '', ...more] = given.split(' ');
    if (isIP(address) === 0 || more.length > 0) return undefined;
    const shown = Buffer.from(proof, 'base64url');
    const proven = serviceTokens.some((token) => {
      const wanted = proofOf(token, address);
      return shown.length === wanted.length && timingSafeEqual(shown, wanted);
    });
    return proven ? address : undefined;
  };
}

/** Under a name of its own: what proves an address proves nothing else. */
const proofOf = (token: string, address: string) =>
  createHmac('sha256', token).update(`${header} ${address}`).digest();
