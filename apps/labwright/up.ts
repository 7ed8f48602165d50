import { rename, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { demoPlan } from '@labwright/demo';
import { hostDeviceService } from '@labwright/device-service';
import { seedDevices } from '@labwright/devices/demo';
import { makeHome } from '@labwright/kernel/folder';
import { group, type Part } from '@labwright/kernel/lifecycle';
import { createLog, type Log, logFile } from '@labwright/kernel/log';
import { hostWorkflowService } from '@labwright/workflow-service';
import { seedWorkflows } from '@labwright/workflows/demo';
import { type Databases, openDatabases } from './databases.ts';
import { type Lab, startScreen } from './screen.ts';
import type { UpSettings } from './settings.ts';

const largeLog = 50 * 1024 * 1024;

/**
 * The whole laboratory in one process: PostgreSQL (where none is given), both services, and on the first start a demo
 * laboratory. `say` gets what belongs onto the screen; everything else goes into the log file.
 */
export async function up(settings: UpSettings, say: (text: string) => void): Promise<Part> {
  const home = resolve(settings.LABWRIGHT_HOME);
  const logPath = join(home, 'logs', 'labwright.log');
  const instrumentsFolder = join(home, 'instruments');
  await makeHome('LABWRIGHT_HOME', home, ['logs', 'instruments']);
  await setAside(logPath);
  const destination = logFile(logPath);
  const log = (service: string) => createLog({ service, level: settings.LOG_LEVEL }, destination);

  say('Starting the laboratory …\n');
  const databases = await openDatabases(settings, log('postgres'));
  try {
    const parts = await services(settings, databases, log, instrumentsFolder, say);
    let running = false;
    return {
      name: 'labwright',
      start: async () => {
        await parts.start();
        running = true;
        const lab: Lab = { settings, databases, logFile: logPath, ...parts.ports() };
        say(startScreen(lab));
      },
      stop: async () => {
        if (running)
          say(
            '\nStopping: requests in hand are finished, which may take 30 s; instruments go on. Ctrl-C again ends it at once.\n',
          );
        await parts.stop();
        await databases.close();
        destination.flush();
        if (running) say('Stopped. Everything is kept; `npm start` goes on from here.\n');
      },
    };
  } catch (error) {
    await databases.close();
    throw error;
  }
}

async function services(
  settings: UpSettings,
  databases: Databases,
  log: (service: string) => Log,
  instrumentsFolder: string,
  say: (text: string) => void,
) {
  const devices = await hostDeviceService({
    databaseUrl: databases.device,
    host: settings.HOST,
    port: settings.DEVICE_SERVICE_PORT,
    log: log('device-service'),
    instrumentsFolder,
  });
  const workflows = await hostWorkflowService({
    databaseUrl: databases.workflow,
    host: settings.HOST,
    port: settings.WORKFLOW_SERVICE_PORT,
    log: log('workflow-service'),
    devices: devices.service.api,
  }).catch(async (error) => {
    await devices.stop();
    throw error;
  });

  if (settings.LABWRIGHT_DEMO ?? databases.embedded !== null) {
    const plan = demoPlan();
    const seeded = await Promise.all([seedDevices(devices.db, plan), seedWorkflows(workflows.db, plan)]);
    if (seeded.includes(true)) say('A demo laboratory was made.\n');
  }
  const both = group('services', [devices, workflows], log('labwright'));
  return {
    ...both,
    ports: () => ({ devicePort: devices.port, workflowPort: workflows.port }),
  };
}

/** A log of more than 50 MB is kept as `.1`, and a new one begun. */
async function setAside(file: string): Promise<void> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size > largeLog) await rename(file, `${file}.1`);
}
