import { resolve } from 'node:path';
import { DamagedArchive } from './archive/damaged.ts';
import { checkArchive, readArchive } from './archive/read-archive.ts';
import { type Head, headName, type Manifest, manifestName, readHead, readManifest } from './contents.ts';
import { tableOfPart } from './dump-database.ts';

export interface Verified {
  readonly head: Head;
  readonly manifest: Manifest;
}

/**
 * Reads the whole archive: each byte is as it was written, each part has its checksum, and there are as many rows and parts as its manifest
 * says. Throws `DamagedArchive`, or a sentence where it was made by a newer program.
 */
export async function verifyBackup(given: string): Promise<Verified> {
  const file = resolve(given);
  await checkArchive(file);
  const rows = new Map<string, number>();
  let head: Head | undefined;
  let manifest: Manifest | undefined;
  let parts = 0;
  for await (const part of readArchive(file)) {
    if (part.name === manifestName) manifest = readManifest(part);
    else parts += 1;
    if (part.name === headName) head = readHead(part);
    const table = tableOfPart(part.name);
    if (!table) continue;
    const key = `${table.service}.${table.table}`;
    rows.set(key, (rows.get(key) ?? 0) + linesOf(part.data));
  }
  if (!head || !manifest || parts !== manifest.parts || head.id !== manifest.id)
    throw new DamagedArchive(file, 'it is not whole.');
  for (const [table, count] of Object.entries(manifest.rows))
    if ((rows.get(table) ?? 0) !== count)
      throw new DamagedArchive(file, `it has ${rows.get(table) ?? 0} rows of ${table}, not ${count}.`);
  return { head, manifest };
}

function linesOf(data: Buffer): number {
  let lines = 0;
  for (let at = data.indexOf(10); at >= 0; at = data.indexOf(10, at + 1)) lines += 1;
  return lines;
}
