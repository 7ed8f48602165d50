import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Db, openDb } from '@labwright/kernel/db';
import type { BrowserLab } from './lab.ts';

/** The database of device-service of a laboratory that runs: for what a test needs to find there and no route makes. */
export async function openDeviceDatabase({ home }: Pick<BrowserLab, 'home'>): Promise<Db> {
  const line = await readFile(join(home, 'postgres', 'pgpass'), 'utf8');
  const [, port, , user, password] = line.trim().split(':');
  const secret = encodeURIComponent(password ?? '');
  return openDb({
    url: `postgres://${user}:${secret}@127.0.0.1:${port}/device_db`,
    applicationName: 'test of the pages',
    max: 2,
  });
}
