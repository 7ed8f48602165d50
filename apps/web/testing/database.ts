import { type Db, openDb } from '@labwright/kernel/db';
import type { BrowserLab, LabDatabase } from './lab.ts';

/** A database of a laboratory that runs: for what a test needs to find there and no route makes. */
const openDatabase = async (lab: Pick<BrowserLab, 'databaseUrl'>, of: LabDatabase): Promise<Db> =>
  openDb({ url: await lab.databaseUrl(of), applicationName: 'test of the pages', max: 2 });

export const openDeviceDatabase = (lab: Pick<BrowserLab, 'databaseUrl'>) => openDatabase(lab, 'device');
export const openWorkflowDatabase = (lab: Pick<BrowserLab, 'databaseUrl'>) => openDatabase(lab, 'workflow');
export const openHubDatabase = (lab: Pick<BrowserLab, 'databaseUrl'>) => openDatabase(lab, 'hub');
