import { chmod, type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Part } from '../archive/tar.ts';
import { flushFolder } from '../archive/write-archive.ts';

const partForm = /^(files|home)\/(\d{8})\/(path|\d{8})$/;
/** Below the folder, by names that no system takes for something else. */
const pathForm = /^(?!.*(^|\/)\.{1,2}(\/|$))[^/\0\\][^\0\\]*$/;

/** Whether this part is one of a file of the disk. */
export const isFilePart = (part: Part): boolean => partForm.test(part.name);

/** Writes the files of an archive into folders of their own; each is on the disk before the next one begins. */
export function stageFiles(folders: { files: string; home: string }) {
  let current: { id: string; file: FileHandle; path: string } | undefined;
  let count = 0;

  const close = async () => {
    if (!current) return;
    const { file, path } = current;
    current = undefined;
    await file.sync();
    await file.close();
    await flushFolder(dirname(path));
  };

  return {
    write: async ({ name, data }: Part): Promise<void> => {
      const [, place, number, piece] = partForm.exec(name) ?? [];
      const id = `${place}/${number}`;
      if (piece === 'path') {
        await close();
        const below = data.toString();
        if (!pathForm.test(below))
          throw new Error(`The archive has a file at "${below}", which lies nowhere.`);
        const path = join(place === 'files' ? folders.files : folders.home, below);
        await mkdir(dirname(path), { recursive: true });
        current = { id, path, file: await open(path, 'wx', 0o600) };
        count += place === 'files' ? 1 : 0;
        return;
      }
      if (current?.id !== id)
        throw new Error(`The archive has bytes of a file that it does not name (${name}).`);
      await current.file.writeFile(data);
    },
    /** How many files of people there are. */
    finish: async (): Promise<number> => {
      await close();
      await Promise.all(Object.values(folders).map((folder) => chmod(folder, 0o700).catch(() => {})));
      return count;
    },
  };
}
