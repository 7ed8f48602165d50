import { BlockList, isIP } from 'node:net';

/** Whether an address, written in any way, is in one of some networks. */
export type InNetworks = (address: string) => boolean;

/** Of `10.1.0.0/16`, `::1`, … Throws a sentence where one is no network. */
export function networksOf(networks: readonly string[]): InNetworks {
  const list = new BlockList();
  for (const network of networks) {
    const [net = '', bits, ...more] = network.split('/');
    const family = isIP(net);
    const most = family === 4 ? 32 : 128;
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (family === 0 || more.length > 0 || !(prefix <= most))
      throw new Error(`"${network}" is no network, like 10.1.0.0/16`);
    list.addSubnet(net, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return (address) => {
    const plain = unmapped(address);
    const family = isIP(plain);
    return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  };
}

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** `::ffff:127.0.0.1` is 127.0.0.1, however it is spelt. */
export function unmapped(address: string): string {
  if (isIP(address) !== 6 || address.includes('%')) return address;
  const dotted = mapped.exec(address);
  if (dotted?.[1]) return dotted[1];
  // The parser of URLs has one spelling for each address.
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return canonical;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}
