/** A worker in a process of its own that logs the starts of its jobs: `process.ts URL QUEUE`. */
import { openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { command } from '@labwright/kernel/statement';
import Type from 'typebox';
import { defineTask } from '../../task.ts';
import { postgresTransport } from '../../transports/postgres/index.ts';
import { handle } from '../../worker/handler.ts';
import { createWorker } from '../../worker/worker.ts';

export const slow = defineTask({ name: 'slow', args: Type.Object({}) });
export const free = defineTask({ name: 'free', args: Type.Object({}) });

const started = command(
  'test.limits.started',
  `INSERT INTO starts (job_id, attempt, task, priority, at, begun)
   SELECT id, attempts, task, priority, started_at, clock_timestamp() FROM jobs WHERE id = $1`,
);

const [, , url, queue = ''] = process.argv;
if (url) {
  const db = openDb({ url, applicationName: 'limits', max: 4 });
  const log = async (_args: object, { id }: { id: string }) => void (await db.execute(started, [id]));
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: [queue],
    concurrency: 10,
    leaseMs: 2_000,
    handlers: [handle(slow, log), handle(free, log)],
  });
  process.once('SIGTERM', async () => {
    await worker.stop();
    await db.close();
  });
  await worker.start();
  process.stdout.write('working\n');
}
