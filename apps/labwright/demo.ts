import { demoPlan } from '@labwright/demo';
import { devicesMigrations } from '@labwright/devices';
import { countLogs, seedDevices, seedLogs } from '@labwright/devices/demo';
import { wholeNumber } from '@labwright/kernel/command-line';
import { openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { migrate } from '@labwright/kernel/migrate';
import { kernelMigrations } from '@labwright/kernel/service';
import { workflowsMigrations } from '@labwright/workflows';
import { seedWorkflows } from '@labwright/workflows/demo';
import { borrowDatabases } from './databases.ts';
import { progressBar } from './progress.ts';
import { readUpSettings } from './settings.ts';

const most = 100_000_000;

/** `labwright demo [--logs N]`: the demo laboratory, with at least N execution logs. The laboratory may be running. */
export async function demo(
  { logs }: { logs?: string | undefined },
  say: (text: string) => void,
): Promise<void> {
  const wanted = logs === undefined ? undefined : wholeNumber('--logs', logs, { minimum: 0, maximum: most });

  const databases = await borrowDatabases(readUpSettings(), silentLog);
  const devices = openDb({ url: databases.device, applicationName: 'labwright demo', max: 2 });
  const workflows = openDb({ url: databases.workflow, applicationName: 'labwright demo', max: 2 });
  try {
    await migrate(devices, [kernelMigrations, ...devicesMigrations]);
    await migrate(workflows, [kernelMigrations, ...workflowsMigrations]);
    const plan = demoPlan();
    const seeded = await Promise.all([seedDevices(devices, plan), seedWorkflows(workflows, plan)]);
    say(
      seeded.includes(true)
        ? 'The demo laboratory was made.\n'
        : 'There is a laboratory already; its devices and workflows stay as they are.\n',
    );
    if (wanted === undefined) return;
    const there = await countLogs(devices);
    const missing = Math.max(0, wanted - there);
    if (missing > 0) {
      const bar = progressBar('execution logs', wanted);
      await seedLogs(devices, { ...plan.logs, count: missing }, (done) => bar.update(there + done));
      bar.end();
    }
    say(`${await countLogs(devices)} execution logs.\n`);
  } finally {
    await Promise.all([devices.close(), workflows.close()]);
    await databases.close();
  }
}
