import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { workflowErrors } from '@labwright/contract-workflows';
import type { Clock } from '@labwright/kernel/clock';
import { commonErrors } from '@labwright/kernel/errors';
import { bodyDigest } from '@labwright/kernel/http';

/**
 * A file on its way in. It is received whole before anything is done with it, so that a slow client never holds a
 * transaction, and so that its digest is known before its Idempotency-Key is compared.
 *
 *     receiving --last byte--> waiting --use--> in use --work done--> closed
 *         |                       |
 *         | broken off, stalled,  | discarded: the client is gone, or another answer was given
 *         | too large             |
 *         +-----------------------+--> closed
 *
 * Closed means gone: the file lost its name as soon as it was made, so nothing is left over even by a crash.
 */
export interface Upload {
  readonly bytes: number;
  /** SHA-256 of its bytes, hexadecimal. */
  readonly [bodyDigest]: string;
  /**
   * Does `work` with the file, which may be read more than once, and closes it. Throws `overloaded` (nothing was
   * done) where it was discarded before.
   */
  use<T>(work: (read: () => AsyncIterable<Buffer>) => Promise<T>): Promise<T>;
  /** Closes the file unless it is in use. */
  discard(): Promise<void>;
}

export interface UploadLimits {
  /** Largest file. */
  bytes: number;
  /** Milliseconds between two pieces. */
  idleMs: number;
  /** Milliseconds for the whole file. */
  totalMs: number;
  /** Files received or in use at once. */
  inHand: number;
}

export const usualLimits: UploadLimits = {
  bytes: 256 * 1024 * 1024,
  idleMs: 30_000,
  totalMs: 1_800_000,
  inHand: 8,
};

const pieceBytes = 65_536;

/** Receives files into the folder for temporary files; at most `inHand` of them at once. */
export function uploadDesk(clock: Clock, limits: UploadLimits) {
  let inHand = 0;
  return {
    /** How many files are received or in use. */
    get inHand() {
      return inHand;
    },
    /**
     * Receives one file. Throws `payload_too_large`, `upload_stalled`, `overloaded`, and `import_unreadable` where the
     * connection breaks. The source is left unread then, and not destroyed: it carries the answer.
     */
    async receive(source: Readable, declaredBytes: number | undefined): Promise<Upload> {
      if (inHand >= limits.inHand)
        throw commonErrors.problem(
          'overloaded',
          `${inHand} files are being imported already. Send yours again shortly.`,
          { retryAfter: 5 },
        );
      if ((declaredBytes ?? 0) > limits.bytes) throw tooLarge(limits);
      inHand += 1;
      let file: FileHandle | undefined;
      const close = async () => {
        inHand -= 1;
        await file?.close();
      };
      try {
        file = await openNameless();
        const { bytes, sha256 } = await copy(source, file, clock, limits);
        return uploadOf(file, bytes, sha256, close);
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}

function uploadOf(file: FileHandle, bytes: number, sha256: string, close: () => Promise<void>): Upload {
  let state: 'waiting' | 'in use' | 'closed' = 'waiting';
  return {
    bytes,
    [bodyDigest]: sha256,
    use: async (work) => {
      if (state !== 'waiting')
        throw commonErrors.problem('overloaded', 'The connection was closed; nothing was imported.', {
          retryAfter: 1,
        });
      state = 'in use';
      try {
        return await work(() => pieces(file));
      } finally {
        state = 'closed';
        await close();
      }
    },
    discard: async () => {
      if (state !== 'waiting') return;
      state = 'closed';
      await close();
    },
  };
}

async function openNameless(): Promise<FileHandle> {
  const path = join(tmpdir(), `labwright-import-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* pieces(file: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    // A new buffer each time: the parser keeps the end of one until it has seen the next.
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function copy(source: Readable, file: FileHandle, clock: Clock, limits: UploadLimits) {
  const hash = createHash('sha256');
  const done = new AbortController();
  const began = clock.now();
  let heard = began;
  let bytes = 0;
  let writing: Promise<void> = Promise.resolve();

  const watch = async () => {
    for (;;) {
      const left = Math.min(heard + limits.idleMs, began + limits.totalMs) - clock.now();
      if (left <= 0) throw stalled(limits);
      await clock.sleep(left, done.signal);
    }
  };

  // Not `for await`: leaving that early would destroy the connection, and with it the answer.
  const received = Promise.withResolvers<void>();
  const take = (piece: Buffer) => {
    heard = clock.now();
    bytes += piece.length;
    if (bytes > limits.bytes) {
      received.reject(tooLarge(limits));
      return;
    }
    hash.update(piece);
    source.pause();
    writing = file.appendFile(piece).then(() => {
      source.resume();
    }, received.reject);
  };
  const broken = () => received.reject(brokenOff());
  source.on('data', take);
  source.once('end', received.resolve);
  source.on('error', broken);
  source.once('close', broken);
  // It may have broken off while the file was opened; that is not told again.
  if (source.destroyed) broken();
  watch().catch(received.reject);
  try {
    await received.promise;
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    done.abort();
    source.off('data', take);
    source.off('close', broken);
    await writing;
  }
}

const tooLarge = (limits: UploadLimits) =>
  commonErrors.problem(
    'payload_too_large',
    `The file is larger than ${limits.bytes} bytes. Import it in several parts.`,
  );

const stalled = (limits: UploadLimits) =>
  workflowErrors.problem(
    'upload_stalled',
    `The upload stalled: ${limits.idleMs / 1000} seconds without a byte, or ${limits.totalMs / 1000} seconds in all. Nothing was imported.`,
  );

const brokenOff = () =>
  workflowErrors.problem('import_unreadable', 'The upload broke off before its end. Nothing was imported.');
