import { BlockList, isIP } from 'node:net';
import { networksOf, unmapped } from '@labwright/kernel/networks';

/**
 * Addresses that are not the public internet (the special-purpose registries of RFC 6890 and what came since), and those in which
 * one of them may hide: IPv4 within IPv6 by NAT64, 6to4 and Teredo. IPv4-mapped ones are looked up as IPv4.
 */
const special = new BlockList();
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // Multicast, reserved and broadcast.
  ['224.0.0.0', 3],
] as const)
  special.addSubnet(net, bits, 'ipv4');

/** What is given out as unicast; everything else of IPv6 is special (loopback, link-local, unique local, multicast, NAT64, …). */
const unicast = new BlockList();
unicast.addSubnet('2000::', 3, 'ipv6');
const hiding = new BlockList();
for (const [net, bits] of [
  // Teredo, ORCHID and the rest of the IETF's protocol assignments.
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  hiding.addSubnet(net, bits, 'ipv6');

/** Whether this is a public address. Anything that is no address is not. */
export function isPublic(address: string): boolean {
  const plain = unmapped(address);
  switch (isIP(plain)) {
    case 4:
      return !special.check(plain, 'ipv4');
    case 6:
      return unicast.check(plain, 'ipv6') && !hiding.check(plain, 'ipv6');
    default:
      return false;
  }
}

/** Which addresses a message may be sent to. */
export type AddressRule = (address: string) => boolean;

/** Public ones, and those of these networks: `10.1.0.0/16`, `::1`, … Throws a sentence where one is no network. */
export function allowing(networks: readonly string[]): AddressRule {
  const allowed = networksOf(networks);
  return (address) => isPublic(address) || allowed(address);
}
