import { constants } from 'node:fs';
import { access, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectProcess, readPidFile } from '../../embedded-postgres/index.ts';
import type { Finding } from '../finding.ts';
import type { Surroundings } from '../surroundings.ts';

/** Who may read and write what lies in the folder of the laboratory. */
export async function checkPermissions({ laboratory: { home } }: Surroundings): Promise<Finding[]> {
  const findings: Finding[] = [];
  const folder = await stat(home).catch(() => undefined);
  if (!folder) return [];
  const closed: string[] = [];
  for (const part of ['.', 'logs', 'instruments', 'files']) {
    const path = join(home, part);
    const found = await stat(path).catch(() => undefined);
    if (!found) continue;
    const denied = found.isDirectory()
      ? await access(path, constants.R_OK | constants.W_OK | constants.X_OK).then(
          () => undefined,
          (error: NodeJS.ErrnoException) => error.code,
        )
      : 'it is no folder';
    if (denied)
      closed.push(
        `${path}: ${denied}; it belongs to user ${found.uid}, and this is user ${process.getuid?.()}`,
      );
  }
  if (closed.length > 0)
    findings.push({
      code: 'home_not_writable',
      severity: 'trouble',
      title: 'Nothing can be kept in the folder of the laboratory.',
      evidence: closed,
      remedy: `sudo chown -R ${process.getuid?.() ?? 'YOU'} ${home}, or name another folder in LABWRIGHT_HOME`,
    });
  const open: string[] = [];
  for (const name of ['secret-key', 'setup-token', 'postgres/pgpass', 'postgres/data']) {
    const found = await stat(join(home, name)).catch(() => undefined);
    if (found && (found.mode & 0o077) !== 0)
      open.push(`${join(home, name)} has mode ${(found.mode & 0o777).toString(8)}`);
  }
  if (open.length > 0)
    findings.push({
      code: 'secrets_readable',
      severity: 'warning',
      title: 'Others on this machine can read secrets of the laboratory.',
      evidence: open,
      remedy: `chmod go= ${open.map((line) => line.split(' has mode')[0]).join(' ')}`,
    });
  return findings;
}

/** What crashes and interrupted restores left behind. */
export async function checkLeftovers({ laboratory: { home, urls } }: Surroundings): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (await exists(join(home, 'restore-unfinished.json')))
    findings.push({
      code: 'restore_unfinished',
      severity: 'trouble',
      title:
        'A restore was interrupted while it put its parts in place; nothing starts until it is at its end.',
      evidence: [join(home, 'restore-unfinished.json')],
      remedy: 'labwright restore FILE, with the same file as before: it goes on',
    });
  const half = (await readdir(home).catch(() => [])).filter((name) => name === '.restoring');
  if (half.length > 0 && findings.length === 0)
    findings.push({
      code: 'restore_abandoned',
      severity: 'warning',
      title: 'A restore ended before it changed anything; what it had written lies about.',
      evidence: half.map((name) => join(home, name)),
      remedy: `Run the restore again, or take it away: rm -r ${join(home, '.restoring')}`,
    });
  if (urls) return findings;
  const owner = await ownerOf(home);
  const data = join(home, 'postgres', 'data');
  const server = await Promise.resolve()
    .then(() => readPidFile(data))
    .catch(() => undefined);
  const serverLives = server !== undefined && isPostgres(server.pid);
  if (owner && !owner.alive)
    findings.push({
      code: 'stale_lock',
      severity: 'warning',
      title: 'The last laboratory here was ended without being stopped.',
      evidence: [`${join(home, 'postgres', 'up.lock')} names the process ${owner.pid}, which is gone`],
      remedy: 'npm start takes it over; nothing has to be deleted',
    });
  if (serverLives && !owner?.alive)
    findings.push({
      code: 'orphaned_postgres',
      severity: 'warning',
      title: 'PostgreSQL still runs, though the laboratory that started it is gone.',
      evidence: [`process ${server.pid} on port ${server.port}, data in ${data}`],
      remedy: `npm start takes it over. To end it instead: kill -INT ${server.pid}`,
    });
  if (server && !serverLives && !owner?.alive)
    findings.push({
      code: 'stale_pid_file',
      severity: 'warning',
      title: 'PostgreSQL was ended by force, or the machine went down.',
      evidence: [`${join(data, 'postmaster.pid')} names the process ${server.pid}, which is no PostgreSQL`],
      remedy: 'npm start: it recovers by itself',
    });
  return findings;
}

/** Who says that the laboratory of this folder is his. */
export async function ownerOf(home: string): Promise<{ pid: number; alive: boolean } | undefined> {
  const text = await readFile(join(home, 'postgres', 'up.lock'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const { pid, born } = JSON.parse(text) as { pid: number; born: string | null };
    const facts = inspectProcess(pid);
    return { pid, alive: facts.alive && (born === null || facts.born === undefined || facts.born === born) };
  } catch {
    return undefined;
  }
}

function isPostgres(pid: number): boolean {
  const { alive, name } = inspectProcess(pid);
  return alive && (name === undefined || /^postgres/.test(name));
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
