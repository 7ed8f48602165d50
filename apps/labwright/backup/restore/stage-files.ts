import { chmod, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { keyOfPath } from '@labwright/files/stores/disk/folder';
import type { Bucket } from '@labwright/files/stores/s3/bucket';
import type { Part } from '../archive/tar.ts';
import { flushFolder } from '../archive/write-archive.ts';

const partForm = /^(files|home)\/(\d{8})\/(path|\d{8})$/;
/** Below the folder, by names that no system takes for something else. */
const pathForm = /^(?!.*(^|\/)\.{1,2}(\/|$))[^/\0\\][^\0\\]*$/;

/** Whether this part is one of a file. */
export const isFilePart = (part: Part): boolean => partForm.test(part.name);

/** Takes the bytes of one file in their order. It lasts when it is finished. */
interface Sink {
  add(data: Buffer): Promise<void>;
  finish(): Promise<void>;
  abandon(): Promise<void>;
}

/**
 * Writes the files of an archive into folders of their own; each is on the disk before the next one begins. Those of people go into the bucket
 * where there is one, under the keys that they had: nothing there is lost by it, for what is kept under a key never changes.
 */
export function stageFiles(folders: { files: string; home: string }, bucket?: Bucket) {
  let current: { id: string; sink: Sink } | undefined;
  let count = 0;

  const close = async () => {
    const ended = current;
    current = undefined;
    await ended?.sink.finish();
  };
  const begin = async (place: string | undefined, below: string): Promise<Sink> => {
    const nowhere = () => new Error(`The archive has a file at "${below}", which lies nowhere.`);
    if (!pathForm.test(below)) throw nowhere();
    if (place === 'home') return intoFolder(join(folders.home, below));
    if (!bucket) return intoFolder(join(folders.files, below));
    const key = keyOfPath(below);
    if (key === undefined) throw nowhere();
    // What a folder notes of an upload in pieces says nothing to S3.
    return key.endsWith('.json') ? nobody : bucket.write(key);
  };

  return {
    write: async ({ name, data }: Part): Promise<void> => {
      const [, place, number, piece] = partForm.exec(name) ?? [];
      const id = `${place}/${number}`;
      if (piece === 'path') {
        await close();
        current = { id, sink: await begin(place, data.toString()) };
        count += place === 'files' ? 1 : 0;
        return;
      }
      if (current?.id !== id)
        throw new Error(`The archive has bytes of a file that it does not name (${name}).`);
      await current.sink.add(data);
    },
    /** How many files of people there are. */
    finish: async (): Promise<number> => {
      await close();
      await Promise.all(Object.values(folders).map((folder) => chmod(folder, 0o700).catch(() => {})));
      return count;
    },
    /** Lets go of the file that is half written. */
    abandon: async (): Promise<void> => {
      await current?.sink.abandon().catch(() => {});
    },
  };
}

async function intoFolder(path: string): Promise<Sink> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'wx', 0o600);
  return {
    add: (data) => file.writeFile(data),
    finish: async () => {
      await file.sync();
      await file.close();
      await flushFolder(dirname(path));
    },
    abandon: () => file.close(),
  };
}

const nobody: Sink = { add: async () => {}, finish: async () => {}, abandon: async () => {} };
