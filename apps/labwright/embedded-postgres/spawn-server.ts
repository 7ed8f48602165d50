import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import type { Cluster } from './cluster.ts';
import { host } from './ports.ts';
import { give, programEnvironment } from './run-as.ts';

const logRotatesAtBytes = 10 * 1024 * 1024;

const defaultSettings: Record<string, string> = {
  fsync: 'on',
  shared_buffers: '128MB',
  max_connections: '100',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
};

/** A server process that has begun and that may not take connections yet. */
export interface SpawnedServer {
  pid: number;
  /** How it ended, in words; undefined while it runs. */
  ending(): string | undefined;
  /** Resolves when it has ended. */
  ended: Promise<void>;
  /** What it has written to its log so far. */
  output(): string;
}

/** The server's whole command line, which also decides whether a running server is as it should be. */
export function serverArguments(cluster: Cluster, port: number): string[] {
  const settings: Record<string, string> = {
    ...defaultSettings,
    ...cluster.settings,
    listen_addresses: host,
    port: String(port),
    unix_socket_directories: '',
    log_destination: 'stderr',
    logging_collector: 'off',
  };
  const pairs = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  return ['-D', cluster.dataArgument, ...pairs.flatMap((pair) => ['-c', pair])];
}

/**
 * Begins a server in a session of its own, so that neither Ctrl-C in our terminal nor our sudden death
 * ends it: it is ended by `stop`, or adopted by the next start. Rejects when the program can't be run.
 */
export async function spawnServer(
  cluster: Cluster,
  port: number,
  stalePid: number | undefined,
): Promise<SpawnedServer> {
  const { logFile, programs, runAs, data } = cluster;
  const before = rotateLog(logFile);
  const log = openSync(logFile, 'a', 0o600);
  give(logFile, runAs);
  const child = spawn(programs.postgres, serverArguments(cluster, port), {
    ...runAs,
    cwd: data,
    detached: true,
    // PostgreSQL takes a stale pid file for a living server's where the number is in use again, or where its
    // dead process was never collected by its parent, as in a container. Only the caller's own caller is exempt
    // from that, and this is how PostgreSQL is told of it. Removing the file instead would also remove its
    // other guard, the shared memory block of children that still live.
    env: programEnvironment(stalePid === undefined ? {} : { PG_GRANDPARENT_PID: String(stalePid) }),
    stdio: ['ignore', log, log],
    windowsHide: true,
  });
  closeSync(log);

  let ending: string | undefined;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      ending = signal ? `it was ended by ${signal}` : `it ended with exit code ${code}`;
      resolve();
    });
  });
  await once(child, 'spawn');
  child.unref();
  return {
    pid: child.pid ?? 0,
    ending: () => ending,
    ended,
    output: () => readFileSync(logFile).subarray(before).toString('utf8'),
  };
}

/** Keeps the log of one earlier time, and returns where the new part begins, in bytes. */
function rotateLog(logFile: string): number {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size < logRotatesAtBytes) return size;
  renameSync(logFile, `${logFile}.1`);
  return 0;
}
