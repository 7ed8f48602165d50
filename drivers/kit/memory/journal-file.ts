import { constants, type FileHandle, open, stat } from 'node:fs/promises';
import { createLedger, type LedgerKeeper, type Verdict } from './ledger.ts';
import { type Line, readLine, writeLine } from './lines.ts';

/** One file of a journal as it is read and appended to by this process. Others may append to it meanwhile. */
export interface JournalFile {
  readonly ledger: LedgerKeeper;
  /** Lines read so far. */
  readonly lines: number;
  /** Names of the drafts of the seals, oldest first; the first seal ends the file. */
  readonly seals: readonly string[];
  /** Reads what was added. Answers what the line with this nonce did, if it was among it and before any seal. */
  catchUp(nonce?: string): Promise<Verdict | undefined>;
  /** Adds a line, safe against power loss when resolved. */
  append(line: Line): Promise<void>;
  /** True while the path still leads to this file. */
  isCurrent(): Promise<boolean>;
  close(): Promise<void>;
}

/** Opens the file at `path` and reads it. `create`: makes it where there is none, instead of rejecting. */
export async function openJournalFile(path: string, { create }: { create: boolean }): Promise<JournalFile> {
  // Appends of one write each: the system puts those of several processes one after the other.
  const append = constants.O_RDWR | constants.O_APPEND;
  const handle = await open(path, create ? append | constants.O_CREAT : append, 0o600);
  const inode = (await handle.stat()).ino;
  const ledger = createLedger();
  const seals: string[] = [];
  let lines = 0;
  let offset = 0;
  let tail: Buffer = Buffer.alloc(0);

  /** Answers the verdict on the line if its nonce is the one that is asked for. */
  const take = (raw: Buffer, nonce: string | undefined): { read: boolean; verdict?: Verdict } => {
    const line = readLine(raw, path);
    if (!line) return { read: false };
    lines += 1;
    if (line.entry.kind === 'seal') {
      seals.push(line.entry.draft);
      return { read: true };
    }
    // What comes after a seal is in no successor: it never happened, and its writer will see that.
    if (seals.length > 0) return { read: true };
    const verdict = ledger.apply(line.entry);
    return line.nonce === nonce ? { read: true, verdict } : { read: true };
  };

  const catchUp = async (nonce?: string): Promise<Verdict | undefined> => {
    const added = await readFrom(handle, offset);
    offset += added.length;
    let found: Verdict | undefined;
    let rest = Buffer.concat([tail, added]);
    for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10)) {
      found = take(rest.subarray(0, at), nonce).verdict ?? found;
      rest = rest.subarray(at + 1);
    }
    const last = take(rest, nonce);
    tail = last.read ? Buffer.alloc(0) : Buffer.from(rest);
    return last.verdict ?? found;
  };

  try {
    await catchUp();
  } catch (error) {
    await handle.close();
    throw error;
  }

  return {
    ledger,
    seals,
    get lines() {
      return lines;
    },
    catchUp,
    append: async (line) => {
      const bytes = writeLine(line);
      const { bytesWritten } = await handle.write(bytes, 0, bytes.length, null);
      if (bytesWritten < bytes.length)
        throw new Error(`only ${bytesWritten} of ${bytes.length} bytes were written`);
      await handle.datasync();
    },
    isCurrent: async () => {
      try {
        return (await stat(path)).ino === inode;
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
        throw error;
      }
    },
    close: () => handle.close(),
  };
}

/** Everything from `offset` to the end of the file as it is now. */
async function readFrom(handle: FileHandle, offset: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let at = offset; ; ) {
    const { bytesRead, buffer } = await handle.read({ buffer: Buffer.allocUnsafe(65_536), position: at });
    if (bytesRead === 0) return Buffer.concat(pieces);
    pieces.push(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}
