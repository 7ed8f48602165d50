import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DamagedArchive } from '../archive/damaged.ts';
import { checkArchive, readArchive } from '../archive/read-archive.ts';
import { type Head, headName, type Manifest, manifestName, readHead, readManifest } from '../contents.ts';
import { tableOfPart } from '../dump-database.ts';
import { fingerprint, type Laboratory } from '../laboratory.ts';
import { serviceNames } from '../services.ts';
import { prepareToGoOn } from './go-on.ts';
import { type DatabaseLoader, loadDatabase } from './load-database.ts';
import { goOnPlacing, placeParts } from './place-parts.ts';
import { checkMigrations } from './schema.ts';
import { isFilePart, stageFiles } from './stage-files.ts';
import { claimHome, clearStaged, openTarget, type Target } from './target.ts';

export interface RestoreRequest {
  file: string;
  goOn: boolean;
  /** Asked where something is there already; false leaves it as it is. */
  mayReplace: (occupied: readonly string[]) => Promise<boolean>;
}

export interface Restored {
  readonly takenAt: string;
  readonly rows: number;
  readonly files: number;
  /** Devices that wait for somebody to look. */
  readonly held: readonly string[];
  /** Where what was here before lies now; null where nothing was. */
  readonly aside: string | null;
  readonly head: Head;
  /** Files that the backup was made without. */
  readonly leftOut: Manifest['files']['left_out'];
  /** True where an earlier restore was only brought to its end. */
  readonly wentOn: boolean;
}

/**
 * Puts a laboratory from its archive into an empty place. Nothing there changes before the whole archive was read and loaded; killed before
 * that, everything is as it was, and killed after it, nothing starts there until the restore was run again. Throws a sentence.
 */
export async function restoreBackup(laboratory: Laboratory, request: RestoreRequest): Promise<Restored> {
  const file = resolve(request.file);
  await checkArchive(file);
  const head = await headOf(file);
  await checkMigrations(head.databases);
  await checkKey(laboratory, head);
  const { home } = laboratory;
  await mkdir(home, { recursive: true, mode: 0o700 });
  const letGo = claimHome(home);
  try {
    const wentOn = laboratory.urls ? undefined : await goOnPlacing(home);
    if (wentOn === head.id) {
      await clearStaged(laboratory);
      return {
        takenAt: head.taken_at,
        rows: 0,
        files: 0,
        held: [],
        aside: null,
        head,
        leftOut: undefined,
        wentOn: true,
      };
    }
    const target = await openTarget(laboratory, head.files === 'here');
    try {
      return await restoreInto(laboratory, target, request, file, head);
    } finally {
      await target.close();
    }
  } finally {
    letGo();
  }
}

async function restoreInto(
  { home, settings }: Laboratory,
  target: Target,
  { goOn, mayReplace }: RestoreRequest,
  file: string,
  head: Head,
): Promise<Restored> {
  const { databases, occupied } = target;
  if (occupied.length > 0 && !(await mayReplace(occupied))) throw new Error('Nothing was changed.');
  await databases.clear();
  const { manifest, rows, files } = await load(target, file, head);
  if (
    head.secret_key !== null &&
    settings.LABWRIGHT_SECRET_KEY === undefined &&
    !existsSync(join(target.staged.home, 'secret-key'))
  )
    throw new Error(
      'The secret key of the laboratory was a setting, and is not in the archive. Set LABWRIGHT_SECRET_KEY to what it was: without it nobody could sign in with a second factor.',
    );
  const held = await prepareToGoOn(databases.clients, head, manifest, goOn);
  await databases.commit();
  const aside = join(home, `replaced-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`);
  await placeParts(home, { backup: head.id, aside, parts: await target.parts() });
  await databases.release();
  // What lay in an empty place is nothing that anybody misses.
  if (occupied.length === 0) await rm(aside, { recursive: true, force: true });
  return {
    takenAt: head.taken_at,
    rows,
    files,
    held,
    aside: occupied.length > 0 ? aside : null,
    head,
    leftOut: manifest.files.left_out,
    wentOn: false,
  };
}

async function headOf(file: string): Promise<Head> {
  for await (const part of readArchive(file)) return readHead(part);
  throw new DamagedArchive(file, 'there is nothing in it.');
}

/** Everything of the archive, and as much as it says itself that there is. */
async function load(target: Target, file: string, head: Head) {
  const loaders = new Map<string, DatabaseLoader>();
  for (const service of serviceNames) {
    const client = target.databases.clients.get(service);
    const database = head.databases.find((known) => known.service === service);
    if (!client || !database) throw new DamagedArchive(file, `it has no database of ${service}.`);
    loaders.set(service, await loadDatabase(client, database));
  }
  const staged = stageFiles(target.staged, target.bucket);
  let manifest: Manifest | undefined;
  let parts = 0;
  let files = 0;
  try {
    for await (const part of readArchive(file)) {
      if (part.name === manifestName) {
        manifest = readManifest(part);
        continue;
      }
      parts += 1;
      const table = tableOfPart(part.name);
      if (table) await loaders.get(table.service)?.write(table.table, part.data);
      else if (isFilePart(part)) await staged.write(part);
      else if (part.name !== headName)
        throw new DamagedArchive(file, `its part ${part.name} is of no known kind.`);
    }
    files = await staged.finish();
  } catch (error) {
    await staged.abandon();
    throw error;
  }
  if (!manifest || parts !== manifest.parts) throw new DamagedArchive(file, 'it is not whole.');
  let rows = 0;
  for (const [service, loader] of loaders) {
    const loaded = await loader.finish();
    for (const { name } of head.databases.find((known) => known.service === service)?.tables ?? []) {
      const count = loaded.get(name) ?? 0;
      if (count !== manifest.rows[`${service}.${name}`])
        throw new DamagedArchive(
          file,
          `${count} rows of ${service}.${name} were loaded, not ${manifest.rows[`${service}.${name}`]}.`,
        );
      rows += count;
    }
  }
  return { manifest, rows, files };
}

/** With another key nobody's second factor could be read any more. */
async function checkKey(laboratory: Laboratory, head: Head): Promise<void> {
  const given = laboratory.settings.LABWRIGHT_SECRET_KEY;
  if (given === undefined || head.secret_key === null || fingerprint(given) === head.secret_key) return;
  throw new Error(
    'LABWRIGHT_SECRET_KEY is another one than that of the backup: with it nobody could sign in with a second factor. Set the one that the laboratory had, or leave it out.',
  );
}
