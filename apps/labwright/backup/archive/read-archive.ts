import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { DamagedArchive } from './damaged.ts';
import { announcedChecksum, block, type Part, readHeader, sha256 } from './tar.ts';
import { readTrailer, trailerBytes } from './trailer.ts';

const readBytes = 256 * 1024;

/** No part that we write is larger; what claims to be would fill the memory. */
const largestPart = 16 * 1024 ** 2;

/**
 * Reads the whole file once and compares it with its trailer. Throws `DamagedArchive` where a byte is not as it was written. `told` hears
 * how many bytes were read.
 */
export async function checkArchive(file: string, told: (bytes: number) => void = () => {}): Promise<void> {
  const { end, digest } = await findTrailer(file);
  const hash = createHash('sha256');
  let read = 0;
  for await (const chunk of createReadStream(file, { end: end - 1, highWaterMark: readBytes })) {
    hash.update(chunk);
    read += chunk.length;
    told(read);
  }
  if (!hash.digest().equals(digest))
    throw new DamagedArchive(file, 'it is damaged, its bytes are not those that were written.');
}

async function findTrailer(file: string): Promise<{ end: number; digest: Buffer }> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new Error(`There is no file ${file}.`) : error;
  });
  try {
    const { size } = await handle.stat();
    const end = size - trailerBytes;
    const bytes = Buffer.alloc(trailerBytes);
    if (end > 0) await handle.read(bytes, 0, trailerBytes, end);
    const digest = readTrailer(bytes);
    if (!digest)
      throw new DamagedArchive(file, 'it is no backup of a laboratory, or its end is missing or damaged.');
    return { end, digest };
  } finally {
    await handle.close();
  }
}

/** Its parts in their order, each compared with its checksum. Throws `DamagedArchive`. */
export async function* readArchive(file: string): AsyncGenerator<Part> {
  const { end } = await findTrailer(file);
  const source = createReadStream(file, { end: end - 1, highWaterMark: readBytes });
  const plain = createZstdDecompress();
  pipeline(source, plain, () => {});
  const bytes = reader(plain);
  try {
    for (;;) {
      const announced = readHeader(await bytes.take(block));
      if (!announced) return;
      if (announced.type !== 'x') throw new Error('a part of it comes without its checksum.');
      const checksum = announcedChecksum(await body(bytes, announced.size));
      const header = readHeader(await bytes.take(block));
      if (!checksum || header?.type !== '0') throw new Error('a part of it comes without its checksum.');
      const data = await body(bytes, header.size);
      if (sha256(data) !== checksum) throw new Error(`its part ${header.name} is damaged.`);
      yield { name: header.name, data };
    }
  } catch (error) {
    throw new DamagedArchive(file, error instanceof Error ? error.message : String(error));
  } finally {
    plain.destroy();
    source.destroy();
  }
}

async function body(bytes: { take(count: number): Promise<Buffer> }, size: number): Promise<Buffer> {
  if (size > largestPart) throw new Error('a part of it is larger than any that was ever written.');
  const whole = await bytes.take(Math.ceil(size / block) * block);
  return whole.subarray(0, size);
}

/** So many bytes at a time, of chunks as they come. */
function reader(stream: AsyncIterable<Buffer>) {
  const chunks = stream[Symbol.asyncIterator]();
  let rest: Buffer[] = [];
  let held = 0;
  return {
    take: async (count: number): Promise<Buffer> => {
      while (held < count) {
        const { value, done } = await chunks.next();
        if (done) throw new Error('it ends too early.');
        rest.push(value);
        held += value.length;
      }
      const joined = rest.length === 1 && rest[0] ? rest[0] : Buffer.concat(rest);
      rest = joined.length > count ? [joined.subarray(count)] : [];
      held = joined.length - count;
      return joined.subarray(0, count);
    },
  };
}
