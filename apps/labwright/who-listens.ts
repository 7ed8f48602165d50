import { readdir, readFile, readlink } from 'node:fs/promises';

export interface Listener {
  pid: number;
  /** As it was started, with its arguments. */
  command: string;
}

/** The process that listens on a port of this machine: on Linux, from `/proc`; undefined elsewhere, and where we may not look. */
export async function whoListens(port: number): Promise<Listener | undefined> {
  const sockets = [...(await listeningSockets())].filter(([, at]) => at === port).map(([name]) => name);
  if (sockets.length === 0) return undefined;
  for (const pid of (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    const open = await filesOf(pid);
    if (!sockets.some((name) => open.has(name))) continue;
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))
      .replaceAll('\0', ' ')
      .trim();
    return { pid: Number(pid), command: command.slice(0, 200) };
  }
  return undefined;
}

/** The ports on which a process listens, lowest first; none where we cannot know. */
export async function portsOf(pid: number): Promise<number[]> {
  const [open, listening] = await Promise.all([filesOf(String(pid)), listeningSockets()]);
  const ports = [...listening].filter(([name]) => open.has(name)).map(([, port]) => port);
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** Each socket that takes connections, by the name that `/proc/PID/fd` has for it, and its port. */
async function listeningSockets(): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const lines = (await readFile(table, 'latin1').catch(() => '')).split('\n').slice(1);
    for (const line of lines) {
      const fields = line.trim().split(/\s+/);
      const [, local, , state] = fields;
      const listens = state === '0A';
      if (listens) found.set(`socket:[${fields[9]}]`, Number.parseInt(local?.split(':')[1] ?? '', 16));
    }
  }
  return found;
}

async function filesOf(pid: string): Promise<Set<string>> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []);
  return new Set(await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => ''))));
}
