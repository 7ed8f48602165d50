import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { keyOf, parseKey } from '../../keys.ts';
import type { FileStore, Listed, Place } from '../../store.ts';

const places: readonly Place[] = ['incoming', 'kept'];
/** The first two digits of an id: folders of a million files are slow to list. */
const shards = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, '0'));

export type Folder = ReturnType<typeof openFolder>;

/**
 *     incoming/ID            whole, or gathering in pieces     incoming/ID.json        what the pieces are of
 *     incoming/ID.RANDOM.part   a form on its way in           kept/AB/ID.RANDOM   to be checked, or checked; never written again
 *
 * A name is given only to what is whole and on the disk: written and synced first, then linked, then the folder is synced.
 */
export function openFolder(root: string) {
  const incoming = join(root, 'incoming');

  const pathOf = (key: string) => join(root, pathInFolder(key));
  const path = (place: Place, id: string) => pathOf(keyOf(place, id));

  const arrived = async (id: string): Promise<number | undefined> =>
    (await stat(path('incoming', id)).catch(absent))?.size;

  const keep = async (id: string) => {
    const key = `${keyOf('kept', id)}.${randomBytes(8).toString('hex')}`;
    const to = pathOf(key);
    if ((await arrived(id)) === undefined) return undefined;
    await makeFolder(dirname(to));
    await sync(path('incoming', id));
    // The same bytes under a second name: no file is ever written again once it is whole.
    await link(path('incoming', id), to);
    await sync(dirname(to));
    return key;
  };

  const namesOf = async (place: Place, shard: string | null) => {
    const folder = shard === null ? join(root, place) : join(root, place, shard);
    return ((await readdir(folder).catch(absent)) ?? []).sort();
  };

  /** Keys from there on, in order; as many names in memory as one folder has. */
  async function* keysAfter(after: string | null): AsyncGenerator<string> {
    for (const place of places) {
      for (const shard of place === 'kept' ? shards : [null]) {
        if (after !== null && `${place}/${shard ?? ''}g` < after) continue;
        for (const name of await namesOf(place, shard)) {
          const key = `${place}/${name}`;
          if ((after === null || key > after) && parseKey(key)) yield key;
        }
      }
    }
  }

  const list: FileStore['list'] = async (after, limit) => {
    const objects: Listed[] = [];
    let last: string | null = null;
    for await (const key of keysAfter(after)) {
      if (objects.length === limit) return { objects, next: last };
      last = key;
      const parsed = parseKey(key);
      const found = await stat(pathOf(key)).catch(absent);
      if (parsed && found)
        objects.push({ key, place: parsed.place, id: parsed.id, modifiedMs: found.mtimeMs });
    }
    return { objects, next: null };
  };

  return {
    incoming,
    arrived,
    keep,
    list,
    readKept: async (key: string, range?: { start: number; end: number }): Promise<Readable> =>
      createReadStream(pathOf(key), range),
    discardIncoming: async (id: string) => {
      const whole = path('incoming', id);
      await Promise.all([whole, `${whole}.json`].map((each) => rm(each, { force: true })));
    },
    remove: (key: string) => rm(pathOf(key), { force: true }),
    /** Where a form is written; nobody else knows the name. */
    openPart: async (id: string, random: string): Promise<{ file: FileHandle; key: string }> => {
      const key = `${keyOf('incoming', id)}.${random}.part`;
      return { file: await open(pathOf(key), 'wx', 0o600), key };
    },
    /** Gives what was written and synced its name. False where that id has come in already. */
    publish: async (key: string, id: string): Promise<boolean> => {
      const done = await link(pathOf(key), path('incoming', id)).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'EEXIST') return false;
          throw error;
        },
      );
      await rm(pathOf(key), { force: true });
      await sync(incoming);
      return done;
    },
  };
}

/** Where the bytes of a key lie, below the folder. Throws for what is no key. */
export function pathInFolder(key: string): string {
  const parsed = parseKey(key);
  if (!parsed) throw new Error(`"${key.slice(0, 100)}" is no key of a file.`);
  const { place, id, suffix } = parsed;
  return place === 'kept' ? join(place, id.slice(0, 2), id + suffix) : join(place, id + suffix);
}

/** The key whose bytes lie there; undefined where no key leads. */
export function keyOfPath(path: string): string | undefined {
  const parts = path.split(/[\\/]/);
  const key = `${parts[0]}/${parts.at(-1)}`;
  return parseKey(key) && pathInFolder(key) === join(...parts) ? key : undefined;
}

const absent = (error: NodeJS.ErrnoException) => {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
};

async function makeFolder(path: string): Promise<void> {
  await mkdir(path).then(
    () => sync(dirname(path)),
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
