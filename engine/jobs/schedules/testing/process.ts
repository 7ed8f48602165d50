/** A process that keeps the schedules of a database ticking, for tests that run several and kill them: `process.ts URL`. */
import { openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { createScheduler } from '../scheduler.ts';

const [, , url = ''] = process.argv;
const db = openDb({ url, applicationName: 'schedules', max: 2 });
const scheduler = createScheduler({ db, log: silentLog });
await scheduler.start();
process.once('SIGTERM', async () => {
  await scheduler.stop();
  await db.close();
});
process.stdout.write('ticking\n');
