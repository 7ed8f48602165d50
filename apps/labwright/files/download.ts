import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { StoredFile } from '@labwright/contract-hub/files';
import { UsageError } from '@labwright/kernel/command-line';
import type { Terminal } from '../command-line/terminal.ts';
import type { Service } from '../lab/service.ts';
import { asked, reachFiles } from './reach.ts';
import { transferBar } from './transfer-bar.ts';

export interface Wanted {
  /** A file, a folder, or - for standard output; the name of the file in this folder where nothing is said. */
  output: string | undefined;
  /** Replaces a file that is there. */
  force: boolean;
}

/**
 * Fetches the bytes of a file and checks them by their SHA-256. Under its name there is only what is whole and right. Answers where it
 * is; undefined for standard output. Throws `UsageError` where a file would be replaced.
 */
export async function downloadFile(
  hub: Service,
  file: StoredFile,
  { output, force }: Wanted,
  terminal: Terminal,
): Promise<string | undefined> {
  const target = output === '-' ? undefined : await targetOf(file, output);
  if (target !== undefined && !force && (await stat(target).catch(() => undefined)))
    throw new UsageError(
      `There is a file ${target} already: --force replaces it, --output names another place.`,
    );
  const files = await reachFiles(hub);
  const { body } = await asked(hub, files.download(file.id));
  if (!body) throw new Error(`${file.name} came without its bytes. Try again.`);
  const bar = transferBar(`of ${file.name} received`, file.size, terminal);
  const hash = createHash('sha256');
  let received = 0;
  const told = async function* (pieces: AsyncIterable<Buffer>) {
    for await (const piece of pieces) {
      hash.update(piece);
      received += piece.length;
      bar.update(received);
      yield piece;
    }
  };
  const part = `${target}.${randomUUID()}.part`;
  try {
    if (target === undefined) {
      for await (const piece of told(Readable.fromWeb(body)))
        if (!terminal.stdout.write(piece)) await once(terminal.stdout, 'drain');
    } else await pipeline(Readable.fromWeb(body), told, createWriteStream(part, { flags: 'wx' }));
    checkDigest(file, hash.digest('hex'));
    if (target !== undefined) await rename(part, target);
  } finally {
    bar.end();
    if (target !== undefined) await rm(part, { force: true });
  }
  return target;
}

/** The name comes from elsewhere: only its last part counts. */
async function targetOf({ name }: StoredFile, output: string | undefined): Promise<string> {
  const own = basename(name.replaceAll('\\', '/'));
  const usable = own === '' || own === '.' || own === '..' ? 'file' : own;
  if (output === undefined) return usable;
  const isFolder = (await stat(output).catch(() => undefined))?.isDirectory();
  return isFolder ? join(output, usable) : output;
}

function checkDigest({ name, sha256 }: StoredFile, digest: string): void {
  if (digest === sha256) return;
  throw new Error(
    `What came is not ${name}: its SHA-256 is ${digest}, and should be ${sha256}. Nothing was kept; try again.`,
  );
}
