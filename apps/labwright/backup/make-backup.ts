import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { sumOnRecord } from '@labwright/files/safekeeping';
import { silentLog } from '@labwright/kernel/log';
import type pg from 'pg';
import { borrowDatabases } from '../databases.ts';
import { progressBar } from '../progress.ts';
import { removeAbandonedDrafts } from './archive/drafts.ts';
import type { Part } from './archive/tar.ts';
import { writeArchive } from './archive/write-archive.ts';
import { connect, queryableOf } from './connect.ts';
import {
  archiveFormat,
  type DatabaseHead,
  headName,
  jsonPart,
  type Manifest,
  manifestName,
} from './contents.ts';
import { cutThrough } from './cut.ts';
import { describeDatabase, dumpTable, sizeOf } from './dump-database.ts';
import { dumpFiles, dumpHome } from './dump-files.ts';
import { type FileSource, openFileSource } from './file-source.ts';
import { keyFingerprint, type Laboratory, settingsToTell, urlsOf } from './laboratory.ts';
import type { ServiceName } from './services.ts';
import { version } from './version.ts';

export interface MadeBackup {
  readonly id: string;
  readonly takenAt: string;
  readonly bytes: number;
  readonly rows: number;
  readonly files: Manifest['files'];
  /** What backups before it had left behind that were ended by force: their names. */
  readonly removed: readonly string[];
}

interface Source {
  readonly service: ServiceName;
  readonly barrier: pg.Client;
  /** In the snapshot. */
  readonly reader: pg.Client;
}

/**
 * One archive of the whole laboratory at one moment, while it works or while it rests. What it takes of memory does not grow with the
 * laboratory. Throws a sentence where it cannot be made; nothing bears the name of `file` then.
 */
export async function makeBackup(
  laboratory: Laboratory,
  options: { file: string; waitMs: number; withoutFiles?: boolean },
): Promise<MadeBackup> {
  const file = resolve(options.file);
  if (!laboratory.urls && !existsSync(join(laboratory.home, 'postgres', 'data', 'PG_VERSION')))
    throw new Error(`There is no laboratory in ${laboratory.home}: LABWRIGHT_HOME names the folder.`);
  const files = options.withoutFiles ? undefined : await openFileSource(laboratory);
  const databases = await borrowDatabases(laboratory.settings, silentLog).catch((error) => {
    files?.stop();
    throw error;
  });
  const sources: Source[] = [];
  try {
    for (const { service, url } of urlsOf(databases)) {
      const reader = await connect(url, 'labwright backup');
      sources.push({ service, reader, barrier: await connect(url, 'labwright backup') });
    }
    // They may be as large as the laboratory, and this one needs the room.
    const removed = await removeAbandonedDrafts(dirname(file));
    const archive = await writeArchive(file);
    try {
      const made = await fill(laboratory, files, sources, options.waitMs, archive.add);
      return { ...made, removed, bytes: await archive.finish() };
    } catch (error) {
      await archive.abandon();
      throw error;
    }
  } finally {
    await Promise.all(sources.flatMap(({ reader, barrier }) => [reader.end(), barrier.end()]));
    await databases.close();
    files?.stop();
  }
}

/** Without `files` those of people are left out. */
async function fill(
  laboratory: Laboratory,
  files: FileSource | undefined,
  sources: readonly Source[],
  waitMs: number,
  write: (part: Part) => Promise<void>,
): Promise<Omit<MadeBackup, 'bytes' | 'removed'>> {
  const id = randomUUID();
  const manifest: Manifest = { id, parts: 0, rows: {}, files: { count: 0, bytes: 0, deleted: [], lost: [] } };
  const add = async (part: Part) => {
    manifest.parts += 1;
    await write(part);
  };
  const takenAt = await cutThrough(sources, waitMs);
  const heads: DatabaseHead[] = [];
  let size = 0;
  for (const { service, reader } of sources) {
    heads.push(await describeDatabase(service, reader));
    size += await sizeOf(reader);
  }
  await add(
    jsonPart(headName, {
      format: archiveFormat,
      id,
      version,
      taken_at: takenAt,
      databases: heads,
      files: files ? 'here' : laboratory.bucket ? 's3' : 'folder',
      secret_key: await keyFingerprint(laboratory),
      settings: settingsToTell(),
    }),
  );

  const bar = progressBar('MB of the databases', megabytes(size));
  let done = 0;
  let rows = 0;
  for (const [index, { service, reader }] of sources.entries()) {
    for (const table of heads[index]?.tables ?? []) {
      const count = await dumpTable(reader, service, table, async (part) => {
        await add(part);
        done += part.data.length;
        bar.update(Math.min(megabytes(done), megabytes(size)));
      });
      manifest.rows[`${service}.${table.name}`] = count;
      rows += count;
    }
  }
  bar.end();
  const hub = sources.find(({ service }) => service === 'hub-service');
  const hasFiles = heads.some(({ service, tables }) => service === 'hub-service' && tables.length > 0);
  if (hub && hasFiles) {
    const snapshot = queryableOf(hub.reader);
    if (files) manifest.files = await dumpFiles({ snapshot, now: queryableOf(hub.barrier), files, add });
    else manifest.files.left_out = await sumOnRecord(snapshot);
  }
  // Behind the databases: what instruments remember is then as new as what is on record of them, or newer.
  await dumpHome(laboratory.home, add);
  await write(jsonPart(manifestName, manifest));
  return { id, takenAt, rows, files: manifest.files };
}

const megabytes = (bytes: number) => Math.ceil(bytes / 1_000_000);
