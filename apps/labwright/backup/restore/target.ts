import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bucketOf } from '@labwright/files/settings';
import type { Bucket } from '@labwright/files/stores/s3/bucket';
import {
  claimFolder,
  inspectProcess,
  readPidFile,
  startEmbeddedPostgres,
} from '../../embedded-postgres/index.ts';
import type { Laboratory } from '../laboratory.ts';
import { givenDatabases, ownDatabases, type TargetDatabases } from './databases.ts';
import type { Note } from './place-parts.ts';

/** Where a backup is restored into. */
export interface Target {
  readonly databases: TargetDatabases;
  /** What is there that a restore would put aside, in words; empty where there is nothing. */
  readonly occupied: readonly string[];
  readonly staged: { files: string; home: string };
  /** Where the files of people go; undefined where they go into a folder. */
  readonly bucket: Bucket | undefined;
  /** What has to be moved to its place. */
  parts(): Promise<Note['parts']>;
  /** Ends what is open, and takes away what is staged. */
  close(): Promise<void>;
}

/** The folder is this process's alone until `release`. Throws where a laboratory runs in it. */
export function claimHome(home: string): () => void {
  return claimFolder(join(home, 'postgres'));
}

/** Where parts lie until they are moved: on the disk on which they are to be. */
function stagedIn({ home, filesFolder }: Pick<Laboratory, 'home' | 'filesFolder'>) {
  const staging = join(home, '.restoring');
  return {
    staging,
    home: join(staging, 'home'),
    files: dirname(filesFolder) === home ? join(staging, 'files') : `${filesFolder}.restoring`,
  };
}

/** Takes away what an earlier restore has left. */
export async function clearStaged(laboratory: Pick<Laboratory, 'home' | 'filesFolder'>): Promise<void> {
  const { staging, files } = stagedIn(laboratory);
  await endLeftover(join(staging, 'postgres'));
  for (const folder of [staging, files]) await rm(folder, { recursive: true, force: true });
}

/** `files`: whether the archive has those of people. Throws a sentence where the databases or the bucket cannot be used. */
export async function openTarget(laboratory: Laboratory, files: boolean): Promise<Target> {
  const bucket = files ? await openTargetBucket(laboratory) : undefined;
  try {
    return await openPlaces(laboratory, bucket);
  } catch (error) {
    bucket?.stop();
    throw error;
  }
}

async function openPlaces(laboratory: Laboratory, bucket: Bucket | undefined): Promise<Target> {
  const { home, filesFolder, urls } = laboratory;
  const { staging, ...staged } = stagedIn(laboratory);
  await clearStaged(laboratory);
  for (const folder of [staging, staged.home, staged.files])
    await mkdir(folder, { recursive: true, mode: 0o700 });
  const postgres = { staged: join(staging, 'postgres'), target: join(home, 'postgres') };
  const databases = urls ? await givenDatabases(urls) : await ownDatabases(postgres.staged);
  return {
    databases,
    occupied: [
      ...databases.occupied,
      ...(await occupiedIn(home, filesFolder)),
      ...((await bucket?.isFilled()) ? [`files in the bucket ${laboratory.bucket?.S3_BUCKET}`] : []),
    ],
    staged,
    bucket,
    parts: async () => {
      const parts = urls ? [] : [postgres];
      if ((await readdir(staged.files)).length > 0) parts.push({ staged: staged.files, target: filesFolder });
      for (const name of await readdir(staged.home)) {
        const target = join(home, name);
        // Instruments that are here already know more than their backup does: what they did since it was made.
        if (name === 'instruments' && (await isFilled(target))) continue;
        parts.push({ staged: join(staged.home, name), target });
      }
      return parts;
    },
    close: async () => {
      bucket?.stop();
      await databases.close();
      await clearStaged(laboratory);
    },
  };
}

async function openTargetBucket({ bucket }: Laboratory): Promise<Bucket | undefined> {
  const options = bucket && bucketOf(bucket);
  if (!options) return undefined;
  const { openBucket } = await import('@labwright/files/stores/s3/bucket');
  const opened = openBucket(options);
  await opened.start().catch((error) => {
    opened.stop();
    throw error;
  });
  return opened;
}

/** A restore that was killed leaves its PostgreSQL running, in a folder that is about to be taken away. */
async function endLeftover(folder: string): Promise<void> {
  const file = readPidFile(join(folder, 'data'));
  if (!file || !inspectProcess(file.pid).alive) return;
  await (await startEmbeddedPostgres({ folder })).stop();
}

async function occupiedIn(home: string, filesFolder: string): Promise<string[]> {
  const found: string[] = [];
  if (existsSync(join(home, 'postgres', 'data', 'PG_VERSION')))
    found.push(`the databases in ${join(home, 'postgres')}`);
  if (existsSync(join(home, 'secret-key'))) found.push(`the key ${join(home, 'secret-key')}`);
  if (await isFilled(join(filesFolder, 'kept'))) found.push(`the files in ${filesFolder}`);
  return found;
}

async function isFilled(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.length > 0;
}
