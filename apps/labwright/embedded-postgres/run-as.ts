/**
 * PostgreSQL refuses to run as root. Where we are root, its processes run as an unprivileged user, who
 * may see less of the disk than we do: everything that they touch is checked with that user's own eyes.
 */
import { spawnSync } from 'node:child_process';
import { lchownSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './errors.ts';

export interface RunAs {
  uid: number;
  gid: number;
}

/** Users that a system may have ready for this, best first. */
const unprivilegedUsers = ['postgres', 'nobody'];

/**
 * Who runs PostgreSQL: undefined for ourselves. As root: the owner of the data or of the folder, so that
 * both that user and root can start it later; where these are root's, `postgres`, else `nobody`.
 */
export function chooseUser(folder: string, data: string): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const path of [data, folder]) {
    const owner = statSync(path, { throwIfNoEntry: false });
    if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  }
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of unprivilegedUsers) {
    const account = accounts.find((fields) => fields[0] === name);
    const uid = Number(account?.[2]);
    const gid = Number(account?.[3]);
    if (account && uid > 0 && gid > 0) return { uid, gid };
  }
  throw new EmbeddedPostgresError(
    'not_permitted',
    'PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody" to run it as. ' +
      'Create one (useradd --system postgres), or start as an ordinary user.',
  );
}

/** Whether that user can enter the folder: asked by trying, since mode bits are not the whole truth. */
export function canEnter(folder: string, runAs: RunAs | undefined): boolean {
  if (!runAs) return true;
  const attempt = spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...runAs, cwd: '/', env: {} });
  return attempt.status === 0;
}

/** Gives one file or folder, without what is in it, to that user. */
export function give(path: string, runAs: RunAs | undefined): void {
  if (runAs) lchownSync(path, runAs.uid, runAs.gid);
}

/** Gives a folder with all that is in it; the folder itself last, so that its owner tells that all is given. */
export function giveTree(folder: string, runAs: RunAs): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) giveTree(path, runAs);
    else give(path, runAs);
  }
  give(folder, runAs);
}

/**
 * The only variables that the programs get: ours may hold secrets, and `PG…` or `LC_…` of the caller
 * would change what they do. Messages stay English, since we read them.
 */
export function programEnvironment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const kept = ['PATH', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'SYSTEMROOT', 'LD_LIBRARY_PATH'];
  const environment: NodeJS.ProcessEnv = { LC_ALL: 'C' };
  for (const name of kept) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  return { ...environment, ...extra };
}
