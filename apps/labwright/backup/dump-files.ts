import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileOnRecord, filesOnRecord } from '@labwright/files/safekeeping';
import { pathInFolder } from '@labwright/files/stores/disk/folder';
import type { Queryable } from '@labwright/kernel/db';
import type { Part } from './archive/tar.ts';
import type { Manifest } from './contents.ts';
import { absent, type FileSource, openOnDisk, type Reader } from './file-source.ts';

type Add = (part: Part) => Promise<void>;

/** A file: its path as a part of its own, then its bytes. Answers how many and their checksum; undefined where there is none. */
async function dumpFile(add: Add, into: string, path: string, reader: Reader | undefined, number: number) {
  if (!reader) return undefined;
  try {
    const name = `${into}/${String(number).padStart(8, '0')}`;
    await add({ name: `${name}/path`, data: Buffer.from(path.split(sep).join('/')) });
    const hash = createHash('sha256');
    let bytes = 0;
    for (let piece = 1; ; piece += 1) {
      const data = await reader.next();
      if (data.length === 0) break;
      hash.update(data);
      bytes += data.length;
      await add({ name: `${name}/${String(piece).padStart(8, '0')}`, data });
    }
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await reader.close();
  }
}

/**
 * The files that the snapshot of hub-service knows of, each by the path that it has or would have in a folder, so that it may go from a bucket
 * into a folder and back. Their bytes never change, but go when a file is deleted: `now` tells what became of one whose bytes are gone, or are
 * no longer where they were.
 */
export async function dumpFiles(options: {
  snapshot: Queryable;
  now: Queryable;
  files: FileSource;
  add: Add;
}): Promise<Manifest['files']> {
  const { snapshot, now, files, add } = options;
  const result: Manifest['files'] = { count: 0, bytes: 0, deleted: [], lost: [] };
  let number = 0;
  const dump = async (key: string, from = key) => {
    number += 1;
    const done = await dumpFile(add, 'files', pathInFolder(key), await files.open(from), number);
    if (!done) return undefined;
    result.count += 1;
    result.bytes += done.bytes;
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
    // What a folder notes of one in pieces. A bucket has its pieces where only S3 can put them together: such an upload begins again.
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
      await dumpFile(add, 'home', path, await openOnDisk(join(home, path)), number);
    }
}

async function* filesBelow(home: string, path: string): AsyncGenerator<string> {
  const found = await stat(join(home, path)).catch(absent);
  if (found?.isFile() && !/\.(lock|draft)$/.test(path)) yield path;
  if (!found?.isDirectory()) return;
  for (const name of await readdir(join(home, path))) yield* filesBelow(home, join(path, name));
}
