/**
 * A worker in a process of its own whose jobs never end by themselves: `holder.ts URL`. Each that begins leaves a row in the
 * table `begun`, each that is told to stop one in `stopped`.
 */
import { openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { command } from '@labwright/kernel/statement';
import Type from 'typebox';
import { createWorker, defineTask, handle, type JobContext } from '../index.ts';
import { postgresTransport } from '../transports/postgres/index.ts';

const args = Type.Object({});
export const holdRepeatable = defineTask({ name: 'hold_repeatable', args, repeatable: true });
export const holdOnce = defineTask({ name: 'hold_once', args });

const begun = command(
  'test.holder.begun',
  'INSERT INTO begun (job_id, attempt, process) VALUES ($1, $2, $3)',
);
const stopped = command('test.holder.stopped', 'INSERT INTO stopped (job_id, attempt) VALUES ($1, $2)');

if (process.argv[2]) {
  const db = openDb({ url: process.argv[2], applicationName: 'holder', max: 4 });
  const hold = async (_args: object, { id, attempt, signal }: JobContext) => {
    await db.execute(begun, [id, attempt, process.pid]);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await db.execute(stopped, [id, attempt]);
  };
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: ['held'],
    leaseMs: 60_000,
    handlers: [handle(holdRepeatable, hold), handle(holdOnce, hold)],
  });
  await worker.start();
}
