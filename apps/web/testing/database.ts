import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Db, openDb } from '@labwright/kernel/db';
import type { BrowserLab } from './lab.ts';

/** A database of a laboratory that runs: for what a test needs to find there and no route makes. */
async function openDatabase({ home }: Pick<BrowserLab, 'home'>, name: string): Promise<Db> {
  const line = await readFile(join(home, 'postgres', 'pgpass'), 'utf8');
  const [, port, , user, password] = line.trim().split(':');
  const secret = encodeURIComponent(password ?? '');
  return openDb({
    url: `postgres://${user}:${secret}@127.0.0.1:${port}/${name}`,
    applicationName: 'test of the pages',
    max: 2,
  });
}

export const openDeviceDatabase = (lab: Pick<BrowserLab, 'home'>) => openDatabase(lab, 'device_db');
export const openHubDatabase = (lab: Pick<BrowserLab, 'home'>) => openDatabase(lab, 'hub_db');
