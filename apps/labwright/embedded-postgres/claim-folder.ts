/**
 * One owner a folder.
 *
 *     free ──claimFolder──► claimed by a living process ──release──► free
 *                                     │ the process dies
 *                                     ▼
 *                           claimed by a dead process ──claimFolder──► claimed by the new one
 *
 * The claim is the file `up.lock`, created exclusively. A dead owner's file is taken away only under a
 * claim of its own (`up.lock.takeover`), so that of two processes that find the same dead owner, the
 * slower one can't take away the faster one's fresh claim.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EmbeddedPostgresError, errorCode } from './errors.ts';
import { makeFolder } from './make-folder.ts';
import { inspectProcess } from './processes.ts';

interface Claim {
  pid: number;
  born: string | null;
  nonce: string;
}

/** A file that can't be read as a claim is still being written, unless it is older than this. */
const writingTakesAtMostMs = 2000;

/**
 * Makes this process the one owner of `folder` (created where it is missing) until `release` is called
 * or the process ends in whatever way. Throws `folder_claimed`, naming the living owner's process id, or
 * `not_permitted` where the folder can't be written. Holds on one machine: a folder that two containers share
 * is not guarded.
 */
export function claimFolder(folder: string): () => void {
  const root = resolve(folder);
  makeFolder(root);
  return claim(join(root, 'up.lock'), root);
}

function claim(file: string, folder: string): () => void {
  const mine = JSON.stringify({
    pid: process.pid,
    born: inspectProcess(process.pid).born ?? null,
    nonce: randomUUID(),
  } satisfies Claim);

  while (!createExclusively(file, mine)) {
    const found = readText(file);
    if (found === undefined) continue;
    if (isBeingWritten(file, found)) {
      // Soon it is a claim, or old enough: whoever was killed in the middle of it never ends it.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      continue;
    }
    refuseWhileAlive(found, folder);
    const finishTakeover = claim(`${file}.takeover`, folder);
    try {
      if (readText(file) === found) unlinkSync(file);
    } finally {
      finishTakeover();
    }
  }
  return () => {
    if (readText(file) === mine) unlinkSync(file);
  };
}

function refuseWhileAlive(text: string, folder: string): void {
  const owner = parseClaim(text);
  if (!owner) return;
  const facts = inspectProcess(owner.pid);
  const sameProcess = owner.born === null || facts.born === undefined || owner.born === facts.born;
  if (!facts.alive || !sameProcess) return;
  throw new EmbeddedPostgresError(
    'folder_claimed',
    `${folder} is in use by the process ${owner.pid}. Stop that one first, or give this one another folder.`,
  );
}

const isBeingWritten = (file: string, text: string) =>
  parseClaim(text) === undefined && ageMs(file) <= writingTakesAtMostMs;

function createExclusively(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function ageMs(file: string): number {
  const status = statSync(file, { throwIfNoEntry: false });
  return status ? Date.now() - status.mtimeMs : Number.POSITIVE_INFINITY;
}

function parseClaim(text: string): Claim | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('pid' in value && 'born' in value && 'nonce' in value)) return undefined;
  const { pid, born, nonce } = value;
  if (typeof pid !== 'number' || typeof nonce !== 'string') return undefined;
  if (born !== null && typeof born !== 'string') return undefined;
  return { pid, born, nonce };
}
