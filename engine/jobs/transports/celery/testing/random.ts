/** Any value that JSON has, with texts of all planes; whole floats are not among them, for JavaScript has none. */
export function randomValue(random: { next(): number; below(n: number): number }, depth = 3): unknown {
  const kind = random.below(depth > 0 ? 8 : 6);
  if (kind === 0) return null;
  if (kind === 1) return random.next() < 0.5;
  if (kind === 2) return random.below(2 ** 32) * (random.next() < 0.5 ? -1 : 1) || 0;
  if (kind === 3) return random.next() * 10 ** random.below(9) + 0.123;
  if (kind < 6) return randomText(random);
  const size = random.below(4);
  if (kind === 6) return Array.from({ length: size }, () => randomValue(random, depth - 1));
  return Object.fromEntries(
    Array.from({ length: size }, () => [randomText(random), randomValue(random, depth - 1)]),
  );
}

const planes = [
  [0x20, 0x7f],
  [0x01, 0x20],
  [0xa0, 0x500],
  [0x4e00, 0x9fff],
  [0xe000, 0xffff],
  [0x1f300, 0x1faff],
] as const;

function randomText(random: { below(n: number): number }): string {
  return Array.from({ length: random.below(9) }, () => {
    const [from, to] = planes[random.below(planes.length)] ?? planes[0];
    return String.fromCodePoint(from + random.below(to - from));
  }).join('');
}
