/**
 * What counts as one address: an IPv4 address; of an IPv6 address the first 64 bits, for whoever has one has all that begin
 * like it. An IPv4 address that is written as IPv6 is the same one.
 */
export function addressKey(ip: string): string {
  const bare = ip.split('%', 1)[0] ?? ip;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare);
  if (mapped?.[1]) return mapped[1];
  if (!bare.includes(':')) return bare;
  const [head = '', tail] = bare.split('::', 2);
  const front = groups(head);
  if (tail === undefined) return prefix(front);
  const back = groups(tail);
  return prefix([
    ...front,
    ...Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0'),
    ...back,
  ]);
}

const groups = (part: string) => (part === '' ? [] : part.split(':'));

const prefix = (all: string[]) =>
  `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
