import { readdir, readFile, readlink } from 'node:fs/promises';

/** The process that listens on a port of this machine: on Linux, from `/proc`; undefined elsewhere, and where we may not look. */
export async function whoListens(port: number): Promise<{ pid: number; command: string } | undefined> {
  const sockets = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const lines = (await readFile(table, 'latin1').catch(() => '')).split('\n').slice(1);
    for (const line of lines) {
      const fields = line.trim().split(/\s+/);
      const [, local, , state] = fields;
      const listens = state === '0A';
      if (listens && Number.parseInt(local?.split(':')[1] ?? '', 16) === port)
        sockets.add(`socket:[${fields[9]}]`);
    }
  }
  if (sockets.size === 0) return undefined;
  for (const pid of (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    const folder = `/proc/${pid}/fd`;
    for (const descriptor of await readdir(folder).catch(() => [])) {
      if (!sockets.has(await readlink(`${folder}/${descriptor}`).catch(() => ''))) continue;
      const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))
        .replaceAll('\0', ' ')
        .trim();
      return { pid: Number(pid), command: command.slice(0, 200) };
    }
  }
  return undefined;
}
