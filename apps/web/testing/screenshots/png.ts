import { crc32, deflateSync, inflateSync } from 'node:zlib';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each point, row after row. */
  readonly rgb: Uint8Array;
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const colourTypes: Record<number, { channels: number }> = {
  2: { channels: 3 },
  3: { channels: 1 },
  6: { channels: 4 },
};

/** A PNG of 8 bits a channel, as Chromium makes it and `encodePng` does. Throws where it is another kind. */
export function decodePng(file: Buffer): Picture {
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = signature.length; at < file.length; ) {
    const length = file.readUInt32BE(at);
    chunks.push({
      type: file.toString('latin1', at + 4, at + 8),
      data: file.subarray(at + 8, at + 8 + length),
    });
    at += length + 12;
  }
  const of = (type: string) => chunks.filter((chunk) => chunk.type === type).map(({ data }) => data);
  const [head] = of('IHDR');
  const kind = colourTypes[head?.[9] ?? -1];
  if (!head || !kind || head[8] !== 8 || head[12] !== 0)
    throw new Error('This kind of PNG is not read here.');
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  const { channels } = kind;
  const lines = inflateSync(Buffer.concat(of('IDAT')));
  const stride = width * channels;
  const plain = new Uint8Array(stride * height);
  for (let y = 0; y < height; y += 1) unfilter(lines, plain, y, stride, channels);
  const [palette] = of('PLTE');
  const rgb = new Uint8Array(width * height * 3);
  for (let point = 0; point < width * height; point += 1)
    for (let channel = 0; channel < 3; channel += 1)
      rgb[point * 3 + channel] =
        (palette ? palette[(plain[point] ?? 0) * 3 + channel] : plain[point * channels + channel]) ?? 0;
  return { width, height, rgb };
}

/** Takes back what each line was told by: its neighbours to the left and above (PNG, third edition, 9.2). */
function unfilter(lines: Buffer, plain: Uint8Array, y: number, stride: number, step: number): void {
  const filter = lines[y * (stride + 1)] ?? 0;
  const from = y * (stride + 1) + 1;
  const to = y * stride;
  for (let x = 0; x < stride; x += 1) {
    const left = x >= step ? (plain[to + x - step] ?? 0) : 0;
    const up = y > 0 ? (plain[to + x - stride] ?? 0) : 0;
    const corner = x >= step && y > 0 ? (plain[to + x - stride - step] ?? 0) : 0;
    const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0;
    plain[to + x] = (lines[from + x] ?? 0) + guess;
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

/** As a PNG with a palette of at most 256 colours. */
export function encodePng({ width, height, rgb }: Picture): Buffer {
  const { palette, indexOf } = paletteOf(rgb);
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      lines[y * (width + 1) + 1 + x] = indexOf.get(colourAt(rgb, y * width + x)) ?? 0;
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk(
      'PLTE',
      Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255])),
    ),
    chunk('IDAT', deflateSync(lines, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const made = Buffer.alloc(data.length + 12);
  made.writeUInt32BE(data.length, 0);
  made.write(type, 4, 'latin1');
  data.copy(made, 8);
  made.writeUInt32BE(crc32(made.subarray(4, data.length + 8)), data.length + 8);
  return made;
}

const colourAt = (rgb: Uint8Array, point: number) =>
  ((rgb[point * 3] ?? 0) << 16) | ((rgb[point * 3 + 1] ?? 0) << 8) | (rgb[point * 3 + 2] ?? 0);

const distance = (a: number, b: number) =>
  ((a >> 16) - (b >> 16)) ** 2 + (((a >> 8) & 255) - ((b >> 8) & 255)) ** 2 + ((a & 255) - (b & 255)) ** 2;

/** Surfaces and letters: these are kept as they are, however near to each other. */
const keptAsTheyAre = 64;

/** The commonest colours, then those that differ enough to be told apart, and for each other one the nearest of them. */
function paletteOf(rgb: Uint8Array): { palette: number[]; indexOf: Map<number, number> } {
  const counts = new Map<number, number>();
  for (let point = 0; point < rgb.length / 3; point += 1) {
    const colour = colourAt(rgb, point);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const common = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([colour]) => colour);
  // Of edges of letters there are hundreds of shades: the wider apart those of the palette, the more kinds it has.
  for (let apart = 0; ; apart = apart === 0 ? 8 : apart * 1.5) {
    const palette = common.slice(0, keptAsTheyAre);
    for (const colour of common.slice(keptAsTheyAre)) {
      if (palette.length > 256) break;
      if (apart === 0 || palette.every((other) => distance(other, colour) > apart)) palette.push(colour);
    }
    if (palette.length > 256) continue;
    const indexOf = new Map(common.map((colour) => [colour, nearest(palette, colour)]));
    return { palette, indexOf };
  }
}

function nearest(palette: readonly number[], colour: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, other] of palette.entries()) {
    const away = distance(other, colour);
    if (away < least) [best, least] = [index, away];
  }
  return best;
}

/** Which part of the points differs so that one would see it, from 0 to 1; 1 where the sizes do. */
export function difference(one: Picture, other: Picture): number {
  if (one.width !== other.width || one.height !== other.height) return 1;
  const points = one.width * one.height;
  let differ = 0;
  for (let point = 0; point < points; point += 1)
    if (distance(colourAt(one.rgb, point), colourAt(other.rgb, point)) > 600) differ += 1;
  return differ / points;
}
