import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { bucketOf } from '@labwright/files/settings';
import { pathInFolder } from '@labwright/files/stores/disk/folder';
import type { Laboratory } from './laboratory.ts';

/** Bytes in memory at a time. */
const partBytes = 4 * 1024 ** 2;

/** Reads from the beginning to the end. */
export interface Reader {
  /** The next bytes; none at the end. */
  next(): Promise<Buffer>;
  close(): Promise<void>;
}

/** Where the files of people are read: in a folder, or in a bucket. */
export interface FileSource {
  /** Undefined where nothing is under this key. */
  open(key: string): Promise<Reader | undefined>;
  stop(): void;
}

/** Throws a sentence where the bucket of the laboratory cannot be read. */
export async function openFileSource({ bucket, filesFolder }: Laboratory): Promise<FileSource> {
  const options = bucket && bucketOf(bucket);
  if (!options) return { open: (key) => openOnDisk(join(filesFolder, pathInFolder(key))), stop: () => {} };
  const { openBucket } = await import('@labwright/files/stores/s3/bucket');
  const opened = openBucket(options);
  await opened.start().catch((error) => {
    opened.stop();
    throw error;
  });
  return {
    stop: opened.stop,
    open: async (key) => {
      let ahead = await opened.read(key, 0, partBytes);
      if (!ahead) return undefined;
      let read = 0;
      return {
        next: async () => {
          // Less than was asked for was the end of it. What is deleted meanwhile ends there.
          const data = ahead ?? (read % partBytes > 0 ? undefined : await opened.read(key, read, partBytes));
          ahead = undefined;
          read += data?.length ?? 0;
          return data ?? Buffer.alloc(0);
        },
        close: async () => {},
      };
    },
  };
}

/** Undefined where there is none. What grows meanwhile is taken as far as it had grown. */
export async function openOnDisk(path: string): Promise<Reader | undefined> {
  const handle = await open(path, 'r').catch(absent);
  return handle && { next: () => readPiece(handle), close: () => handle.close() };
}

async function readPiece(handle: FileHandle): Promise<Buffer> {
  const buffer = Buffer.alloc(partBytes);
  let filled = 0;
  while (filled < partBytes) {
    const { bytesRead } = await handle.read(buffer, filled, partBytes - filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

export function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
