import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileOnRecord, filesOnRecord } from '@labwright/files/safekeeping';
import { pathInFolder } from '@labwright/files/stores/disk/folder';
import type { Queryable } from '@labwright/kernel/db';
import type { Part } from './archive/tar.ts';
import type { Manifest } from './contents.ts';

type Add = (part: Part) => Promise<void>;

const partBytes = 4 * 1024 ** 2;

/**
 * A file of the disk: its path as a part of its own, then its bytes. Answers how many and their checksum; undefined where there is none. What
 * grows meanwhile is taken as far as it had grown.
 */
async function dumpFile(add: Add, into: string, path: string, source: string, number: number) {
  const handle = await open(source, 'r').catch(absent);
  if (!handle) return undefined;
  try {
    const name = `${into}/${String(number).padStart(8, '0')}`;
    await add({ name: `${name}/path`, data: Buffer.from(path.split(sep).join('/')) });
    const hash = createHash('sha256');
    let bytes = 0;
    for (let piece = 1; ; piece += 1) {
      const data = await readPiece(handle);
      if (data.length === 0) break;
      hash.update(data);
      bytes += data.length;
      await add({ name: `${name}/${String(piece).padStart(8, '0')}`, data });
    }
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
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

/**
 * The files that the snapshot of hub-service knows of. Their bytes never change, but go when a file is deleted: `now` tells what became of
 * one whose bytes are gone, or are no longer where they were.
 */
export async function dumpFiles(options: {
  snapshot: Queryable;
  now: Queryable;
  folder: string;
  add: Add;
  told: (bytes: number) => void;
}): Promise<Manifest['files']> {
  const { snapshot, now, folder, add, told } = options;
  const result: Manifest['files'] = { count: 0, bytes: 0, deleted: [], lost: [] };
  let number = 0;
  const dump = async (key: string, from = key) => {
    number += 1;
    const done = await dumpFile(add, 'files', pathInFolder(key), join(folder, pathInFolder(from)), number);
    if (!done) return undefined;
    result.count += 1;
    result.bytes += done.bytes;
    told(result.bytes);
    return done;
  };
  for await (const file of filesOnRecord(snapshot)) {
    if (file.status === 'ready' && file.kept_key) {
      const done = await dump(file.kept_key);
      if (done?.sha256 === file.sha256) continue;
      const still = await fileOnRecord(now, file.id);
      (still?.status === 'ready' ? result.lost : result.deleted).push(file.id);
      continue;
    }
    const incoming = `incoming/${file.id}`;
    await dump(`${incoming}.json`);
    if (await dump(incoming)) continue;
    // It was checked meanwhile, and lies where checked ones do.
    const still = await fileOnRecord(now, file.id);
    if (still?.status === 'ready' && still.kept_key) await dump(incoming, still.kept_key);
  }
  return result;
}

/** Of the folder of the laboratory: all else makes itself anew, or has its own way into the archive. */
const kept = ['secret-key', 'setup-token', 'instruments'];

/** The secret key, and what simulated instruments remember. */
export async function dumpHome(home: string, add: Add): Promise<void> {
  let number = 0;
  for (const name of kept)
    for await (const path of filesBelow(home, name)) {
      number += 1;
      await dumpFile(add, 'home', path, join(home, path), number);
    }
}

async function* filesBelow(home: string, path: string): AsyncGenerator<string> {
  const found = await stat(join(home, path)).catch(absent);
  if (found?.isFile() && !/\.(lock|draft)$/.test(path)) yield path;
  if (!found?.isDirectory()) return;
  for (const name of await readdir(join(home, path))) yield* filesBelow(home, join(path, name));
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
