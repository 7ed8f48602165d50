import { createHash } from 'node:crypto';
import {
  chmodSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { errorCode } from './errors.ts';

interface Entry {
  path: string;
  kind: 'file' | 'folder' | 'link';
  size: number;
  executable: boolean;
}

/**
 * Copies a PostgreSQL installation (`bin`, `lib`, `share`) to a folder below `cacheFolder` that every user
 * may read and only we may write, and returns its path. A complete copy from before is used again; its
 * name changes with its contents. Static libraries and headers stay behind.
 */
export function copyPrograms(native: string, cacheFolder: string): string {
  const wanted = listEntries(native);
  const fingerprint = fingerprintOf(wanted);
  openToAll(cacheFolder);
  const target = join(cacheFolder, `postgres-${fingerprint}`);
  if (isComplete(target, fingerprint)) return target;

  const draft = mkdtempSync(join(cacheFolder, 'draft-'));
  try {
    for (const entry of wanted) copyEntry(native, draft, entry);
    chmodSync(draft, 0o755);
    // What is there under this name is incomplete (a cleaner of /tmp was at it): out of the way.
    if (lstatSync(target, { throwIfNoEntry: false })) renameSync(target, `${draft}-replaced`);
    renameSync(draft, target);
  } catch (error) {
    // Another process may have finished the same copy in the meantime.
    if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '') || !isComplete(target, fingerprint)) {
      throw error;
    }
  } finally {
    rmSync(draft, { recursive: true, force: true });
    rmSync(`${draft}-replaced`, { recursive: true, force: true });
  }
  return target;
}

/** The programs are run from here, so nobody else may have made this folder or be able to write to it. */
function openToAll(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const status = lstatSync(folder);
  if (!status.isDirectory() || status.uid !== process.getuid?.()) {
    throw new Error('the folder belongs to another user');
  }
  chmodSync(folder, 0o755);
}

function copyEntry(from: string, to: string, entry: Entry): void {
  const source = join(from, entry.path);
  const target = join(to, entry.path);
  if (entry.kind === 'folder') mkdirSync(target);
  else if (entry.kind === 'link') symlinkSync(readlinkSync(source), target);
  else copyFileSync(source, target, constants.COPYFILE_FICLONE);
  // Not the source's mode: a strict umask may have closed it to everybody else.
  if (entry.kind !== 'link') chmodSync(target, entry.kind === 'folder' || entry.executable ? 0o755 : 0o644);
}

function isComplete(target: string, fingerprint: string): boolean {
  if (!lstatSync(target, { throwIfNoEntry: false })?.isDirectory()) return false;
  return fingerprintOf(listEntries(target)) === fingerprint;
}

function fingerprintOf(entries: Entry[]): string {
  const lines = entries.map(({ path, kind, size, executable }) => `${kind} ${size} ${executable} ${path}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex').slice(0, 16);
}

/** All that a running server may need, parents before children, in a stable order. */
function listEntries(native: string): Entry[] {
  return readdirSync(native, { recursive: true, encoding: 'utf8' })
    .filter((path) => /^(bin|lib|share)([/\\]|$)/.test(path) && !path.endsWith('.a'))
    .sort()
    .map((path) => {
      const status = lstatSync(join(native, path));
      const kind = status.isSymbolicLink() ? 'link' : status.isDirectory() ? 'folder' : 'file';
      // A folder's size says nothing about what is in it and differs between file systems.
      const size = kind === 'folder' ? 0 : status.size;
      return { path, kind, size, executable: kind === 'file' && (status.mode & 0o100) !== 0 };
    });
}
