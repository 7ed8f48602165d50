import { randomBytes } from 'node:crypto';
import { rename, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { auditRules } from '@labwright/audit/settings';
import type { IdentityApi } from '@labwright/contract-hub/identity';
import { checkIdentity } from '@labwright/contract-hub/identity/check-identity';
import { vouchedBy, vouchFor } from '@labwright/contract-hub/identity/vouching';
import { signatureVerifier } from '@labwright/contract-hub/signatures';
import type { TasksApi } from '@labwright/contract-hub/tasks';
import { demoPlan } from '@labwright/demo';
import { hostDeviceService } from '@labwright/device-service';
import { seedDevices } from '@labwright/devices/demo';
import { hostHubService } from '@labwright/hub-service';
import { accountsFrom } from '@labwright/hub-service/accounts';
import { systemClock } from '@labwright/kernel/clock';
import { makeHome } from '@labwright/kernel/folder';
import { group, stopNamed } from '@labwright/kernel/lifecycle';
import { createLog, type Log, logFile } from '@labwright/kernel/log';
import type { WholePart } from '@labwright/kernel/process';
import { hostWorkflowService } from '@labwright/workflow-service';
import { seedWorkflows } from '@labwright/workflows/demo';
import { type Databases, openDatabases } from './databases.ts';
import { type Lab, startScreen } from './screen.ts';
import type { UpSettings } from './settings.ts';
import { refuseTakenPorts } from './taken-ports.ts';

const largeLog = 50 * 1024 * 1024;

/**
 * The whole laboratory in one process: PostgreSQL (where none is given), all three services, and on the first start a demo
 * laboratory. `say` gets what belongs onto the screen; everything else goes into the log file.
 */
export async function up(settings: UpSettings, say: (text: string) => void): Promise<WholePart> {
  const home = resolve(settings.LABWRIGHT_HOME);
  const logPath = join(home, 'logs', 'labwright.log');
  const folders = { instruments: join(home, 'instruments'), files: join(home, 'files') };
  await makeHome('LABWRIGHT_HOME', home, ['logs', 'instruments']);
  await setAside(logPath);
  const destination = logFile(logPath);
  const log = (service: string) => createLog({ service, level: settings.LOG_LEVEL }, destination);

  await refuseTakenPorts(settings, home);
  say('Starting the laboratory …\n');
  const databases = await openDatabases(settings, log('postgres'));
  try {
    const parts = await services(settings, databases, log, folders, say);
    let running = false;
    let atOnce = false;
    return {
      name: 'labwright',
      start: async () => {
        await parts.start();
        running = true;
        const lab: Lab = {
          settings,
          databases,
          logFile: logPath,
          ...parts.ports(),
          setupAt: parts.setupAt(),
        };
        say(startScreen(lab));
      },
      stop: async () => {
        if (running)
          say(
            '\nStopping: requests in hand are finished, which may take 30 s; instruments go on. Ctrl-C again ends it at once.\n',
          );
        await parts.stop();
        await stopNamed('PostgreSQL', () => databases.close());
        destination.flush();
        if (running && !atOnce) say('Stopped. Everything is kept; `npm start` goes on from here.\n');
      },
      endAtOnce: async () => {
        atOnce = true;
        await databases.closeAtOnce();
        destination.flush();
        if (running)
          say(
            'Ended at once. What was answered is kept; what was in hand is settled by the next `npm start`.\n',
          );
      },
    };
  } catch (error) {
    await databases.close();
    throw error;
  }
}

/** Where a service of this process answers: whoever listens everywhere, here too. */
const addressOf =
  (host: string) =>
  (port: number): string | undefined =>
    port === 0
      ? undefined
      : `http://${['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host}:${port}`;

async function services(
  settings: UpSettings,
  databases: Databases,
  log: (service: string) => Log,
  folders: { instruments: string; files: string },
  say: (text: string) => void,
) {
  const reach = addressOf(settings.HOST);
  const account = await accountsFrom(settings, resolve(settings.LABWRIGHT_HOME));
  // Of the hub, which is made last: nobody asks before all of them start.
  const { promise: known, resolve: isKnown } = Promise.withResolvers<IdentityApi>();
  const hubIdentity: IdentityApi = {
    jwks: async () => (await known).jwks(),
    revocations: async (request) => (await known).revocations(request),
    introspect: async (token) => (await known).introspect(token),
  };
  const identity = (service: string) =>
    settings.LABWRIGHT_ACCOUNTS
      ? {
          identity: checkIdentity({
            hub: hubIdentity,
            clock: systemClock,
            log: log(service),
            serviceTokens: settings.SERVICE_TOKEN ?? [],
          }),
        }
      : {};
  // By which the hub tells the two others whose requests it passes on. Nobody outside of this process needs to know it.
  const between = randomBytes(32).toString('hex');
  const vouched = vouchedBy([between]);
  const audit = auditRules(settings, signatureVerifier(hubIdentity));
  const devices = await hostDeviceService({
    ...identity('device-service'),
    accountsRemedy: 'Set LABWRIGHT_ACCOUNTS=1',
    databaseUrl: databases.device,
    host: settings.HOST,
    trustedProxies: settings.TRUSTED_PROXIES,
    vouched,
    port: settings.DEVICE_SERVICE_PORT,
    audit,
    limits: settings,
    log: log('device-service'),
    instrumentsFolder: folders.instruments,
  });
  let hub: Awaited<ReturnType<typeof hostHubService>>;
  const workflows = await hostWorkflowService({
    ...identity('workflow-service'),
    accountsRemedy: 'Set LABWRIGHT_ACCOUNTS=1',
    databaseUrl: databases.workflow,
    host: settings.HOST,
    trustedProxies: settings.TRUSTED_PROXIES,
    vouched,
    port: settings.WORKFLOW_SERVICE_PORT,
    audit,
    limits: settings,
    log: log('workflow-service'),
    devices: devices.service.api,
    tasks: peopleOf(() => hub.service.tasks),
  }).catch(async (error) => {
    await devices.stop();
    throw error;
  });
  hub = await hostHubService({
    ...account,
    databaseUrl: databases.hub,
    host: settings.HOST,
    trustedProxies: settings.TRUSTED_PROXIES,
    port: settings.HUB_SERVICE_PORT,
    files: { FILES_FOLDER: folders.files },
    limits: settings,
    notify: settings,
    devices: devices.service.api,
    workflows: workflows.service.api,
    publicUrl: settings.HUB_PUBLIC_URL,
    subjects: { devices: () => reach(devices.port), workflows: () => reach(workflows.port) },
    vouch: vouchFor(between),
    log: log('hub-service'),
  }).catch(async (error) => {
    await Promise.all([workflows.stop(), devices.stop()]);
    throw error;
  });
  isKnown(hub.service.accounts.identity);

  if (settings.LABWRIGHT_DEMO ?? databases.embedded !== null) {
    const plan = demoPlan();
    const seeded = await Promise.all([seedDevices(devices.db, plan), seedWorkflows(workflows.db, plan)]);
    if (seeded.includes(true)) say('A demo laboratory was made.\n');
  }
  const all = group('services', [devices, workflows, hub], log('labwright'));
  return {
    ...all,
    ports: () => ({ devicePort: devices.port, workflowPort: workflows.port, hubPort: hub.port }),
    setupAt: () => hub.service.accounts.setupAt,
  };
}

/** The two services know each other, and one is made first: it gets the other's when it asks. */
function peopleOf(tasks: () => TasksApi): TasksApi {
  return {
    ensure: (task) => tasks().ensure(task),
    withdraw: (task, reason) => tasks().withdraw(task, reason),
    get: (id) => tasks().get(id),
    outcomes: (request) => tasks().outcomes(request),
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
