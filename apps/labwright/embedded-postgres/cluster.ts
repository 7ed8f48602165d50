import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Credentials, newPassword, readCredentials, writeCredentials } from './credentials.ts';
import { EmbeddedPostgresError } from './errors.ts';
import { initialise } from './initialise.ts';
import { makeFolder } from './make-folder.ts';
import { findPrograms, type ProgramPaths, type Programs } from './programs.ts';
import { canEnter, chooseUser, giveTree, type RunAs } from './run-as.ts';

/** Everything known about one folder before its server runs. */
export interface Cluster {
  folder: string;
  /** PostgreSQL's own folder, PGDATA. */
  data: string;
  /** What the programs are told as `-D`; see `dataArgumentFor`. */
  dataArgument: string;
  logFile: string;
  runAs: RunAs | undefined;
  programs: Programs;
  credentials: Credentials;
  settings: Record<string, string>;
  log: (line: string) => void;
}

export interface ClusterOptions {
  folder: string;
  user: string;
  settings: Record<string, string>;
  log: (line: string) => void;
  programs?: ProgramPaths;
  cacheFolders?: string[];
}

function dataFolder(folder: string): string {
  return join(resolve(folder), 'data');
}

/**
 * Brings a folder to the state *initialised*, or throws before anything is changed that a later start
 * could not use.
 */
export async function prepareCluster(options: ClusterOptions): Promise<Cluster> {
  const folder = resolve(options.folder);
  const data = dataFolder(folder);
  if (!/^[a-z_][a-z0-9_]*$/.test(options.user)) {
    throw new EmbeddedPostgresError('wrong_name', `"${options.user}" is no plain role name.`);
  }
  makeFolder(folder);
  refuseOthersData(folder, data);

  const runAs = chooseUser(folder, data);
  const programs = await findPrograms(runAs, options);
  const initialised = statSync(join(data, 'PG_VERSION'), { throwIfNoEntry: false }) !== undefined;
  const credentials = agreeOnCredentials(folder, options.user, initialised);
  const cluster: Cluster = {
    folder,
    data,
    dataArgument: dataArgumentFor(folder, data, runAs),
    logFile: join(folder, 'postgres.log'),
    runAs,
    programs,
    credentials,
    settings: options.settings,
    log: options.log,
  };

  if (initialised) checkData(cluster);
  else {
    writeCredentials(folder, credentials, runAs);
    await initialise(cluster);
  }
  return cluster;
}

function agreeOnCredentials(folder: string, user: string, initialised: boolean): Credentials {
  const remembered = readCredentials(folder);
  if (!initialised) return { port: 0, password: newPassword(), ...remembered, user };
  if (!remembered) {
    throw new EmbeddedPostgresError(
      'password_lost',
      `${folder} holds data, but the password file "pgpass" is missing. Restore it from a backup, or move the ` +
        'folder "data" away to begin anew.',
    );
  }
  if (remembered.user !== user) {
    throw new EmbeddedPostgresError(
      'wrong_user',
      `${folder} was made for the database user "${remembered.user}", not for "${user}".`,
    );
  }
  return remembered;
}

function checkData({ folder, data, programs, runAs }: Cluster): void {
  const written = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  if (written !== String(programs.major)) {
    throw new EmbeddedPostgresError(
      'wrong_version',
      `${data} was written by PostgreSQL ${written}, and this is PostgreSQL ${programs.major}. Dump the databases ` +
        `with the version that wrote them and load them into a new folder, or move ${folder} away to begin anew.`,
    );
  }
  // Both happen to a folder that was copied back from a backup, and PostgreSQL would refuse it.
  const { uid, mode } = statSync(data);
  if (runAs && uid !== runAs.uid) giveTree(data, runAs);
  if ((mode & 0o077) !== 0) chmodSync(data, 0o700);
}

function refuseOthersData(folder: string, data: string): void {
  const owner = statSync(data, { throwIfNoEntry: false })?.uid;
  const self = process.getuid?.();
  if (owner === undefined || self === undefined || self === 0 || self === owner) return;
  throw new EmbeddedPostgresError(
    'not_permitted',
    `${data} belongs to the user ${owner}, and this process runs as ${self}. Start as that user or as root, or ` +
      `give the folder away: chown -R ${self} ${folder}`,
  );
}

/**
 * The path by which the server finds its data. Where root's folders above are closed to the user who runs
 * the server, it could not look up its own path; but it may use the working directory that we, as root,
 * put it into, and Linux names that one without a look-up: `/proc/self/cwd`.
 */
function dataArgumentFor(folder: string, data: string, runAs: RunAs | undefined): string {
  if (canEnter(folder, runAs)) return data;
  if (process.platform === 'linux') return '/proc/self/cwd';
  throw new EmbeddedPostgresError(
    'not_permitted',
    `The user ${runAs?.uid}, who runs PostgreSQL since root may not, can't enter ${folder}. Start as an ordinary ` +
      'user, or choose a folder that every user may enter.',
  );
}
