import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { CreateUploadRequest, StoredFile } from '@labwright/contract-hub/files';
import { UsageError } from '@labwright/kernel/command-line';
import type { Terminal } from '../command-line/terminal.ts';
import type { Service } from '../lab/service.ts';
import { asked, digestOf, reachFiles } from './reach.ts';
import { transferBar } from './transfer-bar.ts';
import { typeOfName } from './types.ts';

/** What is told of a file beside its bytes. */
export type About = Partial<
  Pick<
    CreateUploadRequest,
    'name' | 'content_type' | 'workflow_id' | 'plate_id' | 'device_id' | 'results' | 'keep_days'
  >
>;

/**
 * Sends one file, whose SHA-256 is announced before, and waits until the laboratory has checked that it has just those bytes. None of
 * it is held in memory as a whole. Throws `UsageError` where there is no such file, or nothing in it.
 */
export async function uploadFile(
  hub: Service,
  path: string,
  about: About,
  terminal: Terminal,
): Promise<StoredFile> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new UsageError(`There is no file ${path}.`);
  if (found.size === 0) throw new UsageError(`${path} is empty: there is nothing to send.`);
  const name = about.name ?? basename(path);
  const content_type = about.content_type ?? typeOfName(name);
  const sha256 = await digestOf(path);
  const files = await reachFiles(hub);
  const bar = transferBar(`of ${name} sent`, found.size, terminal);
  try {
    return (await asked(
      hub,
      files.upload(
        { ...about, name, content_type, sha256, data: await openAsBlob(path) },
        { onProgress: bar.update },
      ),
    )) as StoredFile;
  } finally {
    bar.end();
  }
}
