/** What the tests of this folder share: folders that clean up after themselves, and an owner to kill. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import pg from 'pg';
import { readPidFile } from './postmaster.ts';
import { inspectProcess } from './processes.ts';
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './start.ts';
import { stopPostmaster } from './stop.ts';

interface Cleaner {
  after(work: () => Promise<void>): unknown;
}

/** A folder below the system's temporary one, removed after the test with every server that still runs in it. */
export function temporaryFolder(t: Cleaner): string {
  const outer = realpathSync(mkdtempSync(join(tmpdir(), 'labwright-embedded-')));
  // mkdtemp closes it to everybody else; the unprivileged user of root's servers has to get in.
  chmodSync(outer, 0o755);
  const folder = join(outer, 'lab');
  t.after(async () => {
    await endServerIn(folder);
    rmSync(outer, { recursive: true, force: true });
  });
  return folder;
}

async function endServerIn(folder: string): Promise<void> {
  const file = readPidFile(join(folder, 'data'));
  if (!file) return;
  const { alive, name, born } = inspectProcess(file.pid);
  // A test writes false pid files: end only what is a server that was started for this very folder.
  if (!alive || name !== 'postgres' || !commandLine(file.pid).includes(`port=${file.port}`)) return;
  const postmaster = { pid: file.pid, port: file.port, ...(born === undefined ? {} : { born }) };
  await stopPostmaster(postmaster, { data: join(folder, 'data'), pgCtl: '' });
}

function commandLine(pid: number): string {
  return process.platform === 'linux' ? readFileSync(`/proc/${pid}/cmdline`, 'latin1') : '';
}

const endOfFile: (() => Promise<void>)[] = [];
after(async () => {
  for (const work of endOfFile) await work();
});

let template: Promise<string> | undefined;

/** A folder that has been started and stopped once: copied, since that is four times as fast as making one. */
export async function initialisedFolder(t: TestContext): Promise<string> {
  template ??= makeTemplate();
  const folder = temporaryFolder(t);
  cpSync(await template, folder, { recursive: true, preserveTimestamps: true });
  return folder;
}

async function makeTemplate(): Promise<string> {
  const folder = temporaryFolder({ after: (work) => endOfFile.push(work) });
  const postgres = await startEmbeddedPostgres({ folder });
  await postgres.stop();
  return folder;
}

/** Starts a server that is stopped after the test, whatever happens. */
export async function start(
  t: TestContext,
  folder: string,
  options: Partial<EmbeddedPostgresOptions> = {},
): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ folder, ...options });
  t.after(() => postgres.stop());
  return postgres;
}

/** Another process that owns the folder's server, for a test to kill. */
export async function startOwner(
  t: TestContext,
  folder: string,
): Promise<{ owner: ChildProcess; pid: number; port: number }> {
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(import.meta.resolve('./start.ts'))};
    const { pid, port } = await startEmbeddedPostgres({ folder: process.argv[1] });
    console.log(JSON.stringify({ pid, port }));
    setInterval(() => {}, 60_000);
  `;
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => {
    owner.kill('SIGKILL');
  });
  const ended = once(owner, 'exit').then(() => {
    throw new Error('the owner ended before its server was ready');
  });
  const [line] = await Promise.race([once(owner.stdout, 'data'), ended]);
  ended.catch(() => {});
  const { pid, port } = JSON.parse(String(line)) as { pid: number; port: number };
  return { owner, pid, port };
}

/** Runs one statement on a connection of its own. */
export async function query(
  postgres: Pick<EmbeddedPostgres, 'url'>,
  sql: string,
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: postgres.url('postgres') });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows;
  } finally {
    await client.end();
  }
}
