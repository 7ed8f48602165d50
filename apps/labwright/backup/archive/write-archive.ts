import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { constants, createZstdCompress } from 'node:zlib';
import { draftOf } from './drafts.ts';
import { endOfTar, type Part, paddingOf, partHead } from './tar.ts';
import { writeTrailer } from './trailer.ts';

export interface ArchiveWriter {
  /** Resolves when the archive takes more: what is not written yet stays below some megabytes. */
  add(part: Part): Promise<void>;
  /** Whole, on the disk and under its name. Answers its size. */
  finish(): Promise<number>;
  /** Takes away what was written so far. */
  abandon(): Promise<void>;
}

/**
 * Writes beside `file` and gives it its name when it is whole, so that whatever bears the name of an archive is one. Only its owner may
 * read it. Throws where `file` is there already.
 */
export async function writeArchive(file: string): Promise<ArchiveWriter> {
  const draft = draftOf(file);
  if (existsSync(file)) throw new Error(`${file} is there already: give the backup another name.`);
  const handle = await open(draft, 'wx', 0o600).catch((error: Error) => {
    throw new Error(
      `${file} cannot be written: name a file in a folder that is there and that you may write to.`,
      { cause: error },
    );
  });
  const zstd = createZstdCompress({
    params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  const hash = createHash('sha256');
  let size = 0;
  const put = async (data: Buffer) => {
    for (let written = 0; written < data.length; )
      written += (await handle.write(data, written, data.length - written)).bytesWritten;
    size += data.length;
  };
  const draining = (async () => {
    for await (const chunk of zstd as AsyncIterable<Buffer>) {
      hash.update(chunk);
      await put(chunk);
    }
  })();
  // Seen by whoever writes next.
  draining.catch(() => {});

  const feed = async (data: Buffer) => {
    if (zstd.destroyed) await draining;
    if (!zstd.write(data)) await Promise.race([once(zstd, 'drain'), draining]);
  };

  return {
    add: async (part) => {
      await feed(partHead(part));
      if (part.data.length > 0) await feed(part.data);
      const padding = paddingOf(part.data.length);
      if (padding.length > 0) await feed(padding);
    },
    finish: async () => {
      zstd.end(endOfTar);
      await draining;
      await put(writeTrailer(hash.digest()));
      await handle.sync();
      await handle.close();
      await rename(draft, file);
      await flushFolder(dirname(file));
      return size;
    },
    abandon: async () => {
      zstd.destroy();
      await draining.catch(() => {});
      await handle.close().catch(() => {});
      await rm(draft, { force: true });
    },
  };
}

/** Makes a rename last. */
export async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
