import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { errorCode } from './errors.ts';

/**
 * What can be told about a process id. A number alone proves nothing, since numbers are used again:
 * `born` differs for every process that ever had it, across restarts of the machine too.
 */
export interface ProcessFacts {
  /** False for a zombie as well: it still answers signals, and yet it runs nothing. */
  alive: boolean;
  /** The program's short name; undefined where the system does not tell. */
  name?: string;
  /** When the process began, in a spelling of the system's own; undefined where it does not tell. */
  born?: string;
}

export function inspectProcess(pid: number): ProcessFacts {
  if (!Number.isSafeInteger(pid) || pid <= 0) return { alive: false };
  if (process.platform === 'linux') {
    const facts = inspectOnLinux(pid);
    if (facts) return facts;
  }
  if (!answersSignals(pid)) return { alive: false };
  if (process.platform === 'win32') return { alive: true };
  return inspectWithPs(pid);
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** Reads `/proc`; undefined when the process is not there or is hidden (mount option `hidepid`). */
function inspectOnLinux(pid: number): ProcessFacts | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // `pid (name) state …`: the name may itself hold blanks and brackets, so it ends at the last bracket.
  const nameEnd = stat.lastIndexOf(')');
  const fields = stat.slice(nameEnd + 2).split(' ');
  const startTicks = fields[19];
  return {
    alive: fields[0] !== 'Z' && fields[0] !== 'X',
    name: stat.slice(stat.indexOf('(') + 1, nameEnd),
    ...(startTicks === undefined ? {} : { born: `${bootId()}/${startTicks}` }),
  };
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return 'unknown';
  }
}

function inspectWithPs(pid: number): ProcessFacts {
  const ps = spawnSync('ps', ['-o', 'lstart=,comm=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' },
  });
  if (ps.status !== 0) return { alive: true };
  const line = ps.stdout.trim();
  // `Sat Nov 22 01:19:17 2025 /path/to/program`: the date has always 24 characters.
  const name = line.slice(24).trim().split('/').at(-1);
  return { alive: true, born: line.slice(0, 24), ...(name ? { name } : {}) };
}
