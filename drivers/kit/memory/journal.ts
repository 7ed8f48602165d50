import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Clock, systemClock } from '@labwright/kernel/clock';
import { DriverError } from '../errors.ts';
import { type JournalFile, openJournalFile } from './journal-file.ts';
import type { Entry, Ledger, LedgerKeeper, Verdict } from './ledger.ts';
import { writeLine } from './lines.ts';
import type { CommandMemory } from './memory.ts';

/*
 * A journal is a file of entries, one a line, shared by every process that drives the instrument. There is no
 * lock that a dead process could leave behind: the order of the lines decides. A writer appends its entry, makes
 * it safe, reads the file up to it, and so learns what it did: of two commands at once, one reads `accepted`
 * and the other `busy`, and both read the same.
 *
 *   open ──seal──▶ sealed ──rename──▶ replaced by a shorter file, which is open
 *
 * A seal ends a file that has grown long: what comes after it does not count, and its writer goes on in the
 * successor. Whoever sealed writes the successor as a draft and renames it into place. Should it die there, then
 * another one that waits appends a seal of its own, and *first deletes the drafts of the seals before*: a
 * process that was only slow then finds nothing to rename, so a file has at most one successor.
 *
 * Needs a local file system: on a network one, appends from two machines may overlap.
 */

export interface JournalOptions {
  folder: string;
  device_id: string;
  /** Commands remembered in full; at times up to twice as many. Default 1000. */
  capacity?: number;
  /** How long a sealed file may wait for its successor before another process takes over. Default 2000. */
  takeoverMs?: number;
  /** Real time, for that wait alone. */
  clock?: Clock;
}

/** Opens `<device_id>.jsonl` in the folder. Rejects with `DriverError` `memory_failed` where that cannot be read. */
export async function journalMemory(options: JournalOptions): Promise<CommandMemory> {
  const { folder, capacity = 1_000, takeoverMs = 2_000, clock = systemClock } = options;
  const path = join(folder, journalName(options.device_id));
  let file: JournalFile;
  let draft: string | undefined;

  const reopen = async () => {
    const sealed = file;
    file = await openJournalFile(path, { create: false });
    draft = undefined;
    await sealed.close();
  };

  /** Reads to the end, and through every seal into the file that counts now. */
  const catchUp = async (nonce?: string): Promise<Verdict | undefined> => {
    const verdict = await file.catchUp(nonce);
    if (file.seals.length > 0) {
      await succeed();
    } else if (!(await file.isCurrent())) {
      // Either it was sealed and replaced since we read, or someone deleted the instrument's memory.
      await file.catchUp();
      if (file.seals.length === 0) throw new Error('the journal was removed while it was in use');
      await succeed();
    }
    return verdict;
  };

  const seal = async () => {
    const name = `${path}.${randomUUID()}.draft`;
    await (await open(name, 'wx', 0o600)).close();
    draft = name;
    await file.append({ nonce: randomUUID(), entry: { kind: 'seal', draft: basename(name) } });
  };

  /** From a sealed file to its successor, by making it or by waiting for who does. Ends with an open file. */
  const succeed = async () => {
    for (let waited = 0; file.seals.length > 0; ) {
      if (!(await file.isCurrent())) {
        if (draft) await rm(draft, { force: true });
        await reopen();
        waited = 0;
      } else if (draft && file.seals.at(-1) === basename(draft)) {
        await replace(draft, file.seals.slice(0, -1));
        draft = undefined;
      } else if (waited < takeoverMs) {
        await clock.sleep(5);
        waited += 5;
        await file.catchUp();
      } else {
        waited = 0;
        await seal();
        await file.catchUp();
      }
    }
  };

  const replace = async (name: string, earlier: string[]) => {
    for (const rival of earlier) await rm(join(folder, rival), { force: true });
    // Only now is it certain: a rival's draft is gone either because it is in place already, or for ever.
    if (!(await file.isCurrent())) {
      await rm(name, { force: true });
      return;
    }
    try {
      await writeDraft(name, file.ledger, capacity);
      await rename(name, path);
    } catch (error) {
      // A later one has taken over and deleted our draft.
      if (isMissing(error)) return;
      throw error;
    }
    await syncFolder(folder);
  };

  const append = async (entry: Entry): Promise<Verdict> => {
    await catchUp();
    for (;;) {
      const nonce = randomUUID();
      await file.append({ nonce, entry });
      const verdict = await catchUp(nonce);
      if (verdict === undefined) continue;
      if (file.ledger.size >= 2 * capacity || file.lines >= 6 * capacity) await compact();
      return verdict;
    }
  };

  /** Housekeeping: the entry that made the file too long is safe, so failing here is not failing. */
  const compact = async () => {
    try {
      await seal();
      await catchUp();
    } catch {
      // A full disk, say. The next call tries again, and fails itself if it can add nothing.
    }
  };

  // One call at a time within this process; other processes are kept apart by the order of lines.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work).catch((error) => {
      if (error instanceof DriverError) throw error;
      throw new DriverError('memory_failed', `the journal ${path} failed: ${error}`, { cause: error });
    });
    turn = result.catch(() => undefined);
    return result;
  };

  await inTurn(async () => {
    await mkdir(folder, { recursive: true });
    await removeOldDrafts(path);
    file = await openJournalFile(path, { create: true });
    await syncFolder(folder);
    await catchUp().catch(async (error) => {
      await file.close();
      throw error;
    });
  });

  return {
    durable: true,
    read: (): Promise<Ledger> =>
      inTurn(async () => {
        await catchUp();
        return file.ledger;
      }),
    append: (entry) => inTurn(() => append(entry)),
    close: () => inTurn(() => file.close()),
  };
}

/** A device id may hold anything; a file name may not. */
function journalName(device_id: string): string {
  const name = encodeURIComponent(device_id);
  if (name.length === 0 || name.length > 200) {
    throw new DriverError(
      'memory_failed',
      `a journal needs a device id of 1 to 200 characters: "${device_id}"`,
    );
  }
  return `${name}.jsonl`;
}

async function writeDraft(name: string, ledger: LedgerKeeper, capacity: number): Promise<void> {
  // Without a flag that makes the file: a draft which was deleted must stay so.
  const handle = await open(name, 'r+');
  try {
    const lines = ledger.snapshot(capacity).map((entry) => writeLine({ nonce: randomUUID(), entry }));
    await handle.truncate();
    await handle.writeFile(Buffer.concat(lines));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Drafts of processes that died before they sealed. Should one live after all, it only loses its turn. */
async function removeOldDrafts(path: string): Promise<void> {
  const anHourAgo = Date.now() - 3_600_000;
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(`${basename(path)}.`) || !name.endsWith('.draft')) continue;
    const draft = join(dirname(path), name);
    const info = await stat(draft).catch(() => undefined);
    if (info && info.mtimeMs < anHourAgo) await rm(draft, { force: true });
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
