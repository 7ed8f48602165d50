import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Cluster } from './cluster.ts';
import { flushFolder } from './credentials.ts';
import { EmbeddedPostgresError } from './errors.ts';
import { give, programEnvironment } from './run-as.ts';

const draftPrefix = 'initialising-';

/**
 * Makes the data folder. It appears by a rename, so that it is there whole or not at all, whenever the
 * power fails; drafts that a crash left behind are removed. The caller holds the claim of the folder.
 */
export async function initialise(cluster: Cluster): Promise<void> {
  const { folder, data, runAs, log, programs } = cluster;
  refuseForeignData(data);
  for (const name of readdirSync(folder)) {
    if (name.startsWith(draftPrefix)) rmSync(join(folder, name), { recursive: true, force: true });
  }

  log(`Initialising PostgreSQL ${programs.version} in ${data}.`);
  const draft = mkdtempSync(join(folder, draftPrefix));
  try {
    const draftData = join(draft, 'data');
    const passwordFile = join(draft, 'password');
    mkdirSync(draftData, { mode: 0o700 });
    writeFileSync(passwordFile, `${cluster.credentials.password}\n`, { mode: 0o600 });
    for (const path of [draftData, passwordFile, draft]) give(path, runAs);

    await runInitdb(cluster, draftData);
    renameSync(draftData, data);
    flushFolder(folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** An empty folder may be a volume's mount point or a leftover; anything else is somebody's and stays. */
function refuseForeignData(data: string): void {
  if (!statSync(data, { throwIfNoEntry: false })) return;
  if (readdirSync(data).length > 0) {
    throw new EmbeddedPostgresError(
      'initialisation_failed',
      `${data} holds something that is no PostgreSQL data. Move it away, or choose another folder.`,
    );
  }
  rmdirSync(data);
}

async function runInitdb(cluster: Cluster, draftData: string): Promise<void> {
  const { programs, runAs, dataArgument, data, credentials, settings } = cluster;
  const args = [
    '-D',
    dataArgument === data ? draftData : dataArgument,
    `--username=${credentials.user}`,
    // Relative to the working directory, which can be used even where its path can't.
    '--pwfile=../password',
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's own C.UTF-8: the same order on every system, and no index breaks when libc changes.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
    ...(settings.fsync === 'off' ? ['--no-sync'] : []),
  ];
  try {
    await promisify(execFile)(programs.initdb, args, {
      ...runAs,
      cwd: draftData,
      env: programEnvironment(),
    });
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    const reason = output || (error instanceof Error ? error.message : String(error));
    throw new EmbeddedPostgresError(
      'initialisation_failed',
      `PostgreSQL could not make its data folder ${data}:\n${reason}`,
    );
  }
}
