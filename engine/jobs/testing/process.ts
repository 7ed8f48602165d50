/**
 * A worker in a process of its own, for tests that kill it: `process.ts URL`. Its handler writes what it did into the
 * table `deeds`, guarded as a device would be by a fencing token: only while the job is this worker's.
 */
import { openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { createWorker, defineTask, handle } from '../index.ts';
import { postgresTransport } from '../transports/postgres/index.ts';

export const deed = defineTask({
  name: 'deed',
  args: Type.Object({ ms: Type.Number(), fails: Type.Boolean() }),
  retryDelayMs: 20,
});

// Once for each attempt, by whoever has the job: a worker that was replaced finds it in other hands.
const begin = rows(
  'test.deeds.begin',
  Type.Object({ id: Type.String() }),
  `INSERT INTO deeds (job_id, attempt, key, begun) SELECT id, attempts, key, clock_timestamp() FROM jobs
   WHERE id = $1 AND state = 'running' AND attempts = $2 RETURNING job_id AS id`,
);
const end = command(
  'test.deeds.end',
  `UPDATE deeds SET ended = clock_timestamp() WHERE job_id = $1 AND attempt = $2
   AND EXISTS (SELECT FROM jobs WHERE id = $1 AND state = 'running' AND attempts = $2)`,
);

if (process.argv[2]) {
  const db = openDb({
    url: process.argv[2],
    applicationName: 'jobs under fire',
    max: 4,
    answerTimeout: 1_000,
  });
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: ['fire'],
    concurrency: 5,
    leaseMs: 1_500,
    drainMs: 1_000,
    handlers: [
      handle(deed, async ({ ms, fails }, { id, attempt, signal }) => {
        if (!(await db.first(begin, [id, attempt]))) throw new Error('the job is in other hands');
        await new Promise((resolve) => setTimeout(resolve, ms));
        signal.throwIfAborted();
        if (fails && attempt === 1) throw new Error('the first try fails');
        await db.execute(end, [id, attempt]);
      }),
    ],
  });
  await worker.start();
  process.once('SIGTERM', async () => {
    await worker.stop();
    await db.close();
  });
}
