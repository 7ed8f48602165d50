import { createHash, randomBytes } from 'node:crypto';
import type { Readable } from 'node:stream';
import { fileErrors } from '@labwright/contract-hub/files-errors';
import { commonErrors, isProblem } from '@labwright/kernel/errors';
import { alreadyUsed } from '../../uploads/already-used.ts';
import type { Allowed } from '../../uploads/policy.ts';
import type { Folder } from './folder.ts';

export interface ReceiveLimits {
  /** Files on their way in at once. Each has some hundred kilobytes in memory, whatever its size. */
  inHand: number;
  /** Milliseconds between two pieces. */
  idleMs: number;
  /** Milliseconds for a whole file. */
  totalMs: number;
}

export const usualLimits: ReceiveLimits = { inHand: 200, idleMs: 30_000, totalMs: 600_000 };

export type Receive = (allowed: Allowed, source: Readable) => Promise<void>;

/**
 * Writes what comes in straight to the disk, and gives it its name when it is whole, synced, and what its policy allows. Throws
 * `size_mismatch` as soon as there is too much, `checksum_mismatch`, `upload_used`, `upload_stalled`, `upload_unreadable` where it breaks off,
 * and `overloaded`. Nothing is left over then.
 */
export function receiver(folder: Folder, limits: ReceiveLimits): Receive {
  let inHand = 0;
  return async (allowed, source) => {
    if (inHand >= limits.inHand)
      throw commonErrors.problem(
        'overloaded',
        `${inHand} files are on their way in. Send yours again shortly.`,
        {
          retryAfter: 2,
        },
      );
    inHand += 1;
    try {
      await receive(folder, limits, allowed, source);
    } finally {
      inHand -= 1;
    }
  };
}

async function receive(
  folder: Folder,
  limits: ReceiveLimits,
  allowed: Allowed,
  source: Readable,
): Promise<void> {
  const { file, key } = await folder.openPart(allowed.id, randomBytes(8).toString('hex'));
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    try {
      for await (const piece of withinTime(source, limits)) {
        bytes += piece.length;
        if (bytes > allowed.maxBytes) throw sizeMismatch(allowed, `more than ${allowed.maxBytes}`);
        hash.update(piece);
        await file.writev([piece]);
      }
      if (bytes < allowed.minBytes) throw sizeMismatch(allowed, String(bytes));
      if (hash.digest('hex') !== allowed.sha256)
        throw fileErrors.problem(
          'checksum_mismatch',
          'The SHA-256 of what arrived is not the one that was announced. Nothing was kept.',
        );
      await file.sync();
    } finally {
      await file.close();
    }
    if (!(await folder.publish(key, allowed.id))) throw alreadyUsed(allowed.id);
  } catch (error) {
    await folder.remove(key);
    throw error;
  }
}

const sizeMismatch = ({ minBytes }: Allowed, found: string) =>
  fileErrors.problem(
    'size_mismatch',
    `${minBytes} bytes were announced, and ${found} came. Nothing was kept.`,
  );

/** The pieces of a stream that goes on, ended where it does not. */
async function* withinTime(source: Readable, { idleMs, totalMs }: ReceiveLimits): AsyncGenerator<Buffer> {
  const stalled = (ms: number) => () =>
    source.destroy(
      fileErrors.problem(
        'upload_stalled',
        `Nothing came for ${ms / 1_000} seconds, or not all of it. Nothing was kept.`,
      ),
    );
  const total = setTimeout(stalled(totalMs), totalMs);
  const idle = setTimeout(stalled(idleMs), idleMs);
  try {
    for await (const piece of source) {
      idle.refresh();
      yield piece;
    }
  } catch (error) {
    throw isProblem(error)
      ? error
      : fileErrors.problem('upload_unreadable', 'The form broke off. Nothing was kept.', { cause: error });
  } finally {
    clearTimeout(total);
    clearTimeout(idle);
  }
}
