/**
 * The postmaster is PostgreSQL's first process. It outlives us when we are killed, and its data folder
 * names it in `postmaster.pid`; but after a crash that number may be anybody's.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { tryConnecting } from './connect.ts';
import { errorCode } from './errors.ts';
import { inspectProcess } from './processes.ts';

export interface PidFile {
  pid: number;
  port: number;
  /** `starting`, `ready`, `stopping`, …; empty while the file is being written. */
  status: string;
}

/** What `postmaster.pid` means now. */
export type Holder =
  | { state: 'none' }
  /** What a crash left: the process is dead, or its number is another program's now (`foreign`). */
  | { state: 'stale'; pid: number; foreign: boolean }
  | { state: 'postmaster'; pid: number; port: number };

export function readPidFile(data: string): PidFile | undefined {
  let text: string;
  try {
    text = readFileSync(`${data}/postmaster.pid`, 'latin1');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const lines = text.split('\n').map((line) => line.trim());
  return { pid: Number(lines[0]), port: Number(lines[3]), status: lines[7] ?? '' };
}

/** Tells apart a living postmaster of this very folder, a number that means nothing any more, and nobody. */
export async function findHolder(cluster: Cluster): Promise<Holder> {
  const file = readPidFile(cluster.data);
  if (!file) return { state: 'none' };
  const facts = inspectProcess(file.pid);
  if (!facts.alive) return { state: 'stale', pid: file.pid, foreign: false };
  const foreign: Holder = { state: 'stale', pid: file.pid, foreign: true };
  if (facts.name !== undefined && !/^postgres(\.exe)?$/.test(facts.name)) return foreign;

  const works = process.platform === 'linux' ? worksIn(file.pid, cluster) : await answersFor(file, cluster);
  return works ? { state: 'postmaster', pid: file.pid, port: file.port } : foreign;
}

/** A postmaster's working directory is its data folder. */
function worksIn(pid: number, { data, runAs }: Cluster): boolean {
  try {
    const theirs = statSync(`/proc/${pid}/cwd`);
    const ours = statSync(data);
    return theirs.dev === ours.dev && theirs.ino === ours.ino;
  } catch {
    // Root without the right to look into other users' processes, as in a container: ask as that user. An
    // ordinary user can look into every process that could have written this folder.
    if (!runAs) return false;
    const script = '[ . -ef "/proc/$1/cwd" ]';
    const asked = spawnSync('/bin/sh', ['-c', script, 'sh', String(pid)], { ...runAs, cwd: data, env: {} });
    return asked.status === 0;
  }
}

/** Where the system does not tell what a process works on, the server itself does: it alone has the password. */
async function answersFor(file: PidFile, { data, credentials }: Cluster): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const answer = await tryConnecting({ ...credentials, port: file.port });
    if (answer.state === 'connected') return realpathSync(answer.dataDirectory) === realpathSync(data);
    if (answer.state === 'refused') return false;
    if (!inspectProcess(file.pid).alive) return false;
    await delay(100);
  }
  return false;
}
