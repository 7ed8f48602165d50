/**
 * An archive is written under another name beside its own, and renamed when it is whole. That name says who writes it, so that what a process left
 * behind that was killed can be told from what another one still writes.
 */
import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { inspectProcess } from '../../embedded-postgres/index.ts';

const brief = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8);
const bornOf = (pid: number) => brief(inspectProcess(pid).born ?? '');

/** Where this process writes what is to become `file`. */
export const draftOf = (file: string): string =>
  join(
    dirname(file),
    `.${basename(file)}.${brief(hostname())}-${process.pid}-${bornOf(process.pid)}.unfinished`,
  );

const form = /^\..+\.([0-9a-f]{8})-(\d+)-([0-9a-f]{8})\.unfinished$/;

/**
 * Removes the drafts in a folder whose processes are no more; answers their names. Those of other machines stay: who lives there nobody
 * knows here.
 */
export async function removeAbandonedDrafts(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const abandoned = names.filter((name) => {
    const [, host, pid, born] = form.exec(name) ?? [];
    return host === brief(hostname()) && !isWriting(Number(pid), born);
  });
  for (const name of abandoned) await rm(join(folder, name), { force: true });
  return abandoned;
}

function isWriting(pid: number, born: string | undefined): boolean {
  const facts = inspectProcess(pid);
  return facts.alive && (facts.born === undefined || brief(facts.born) === born);
}
