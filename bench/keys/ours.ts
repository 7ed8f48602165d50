import { createWorker, defineTask, enqueueMany, handle, jobsMigrations } from '@labwright/jobs';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import { openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { migrate } from '@labwright/kernel/migrate';
import Type from 'typebox';
import type { KeyedEngine } from './keyed.ts';

const task = defineTask({
  name: 'keyed',
  args: Type.Object({ key: Type.String(), place: Type.Integer() }),
});

export function oursKeyed(url: string): KeyedEngine {
  const db = openDb({ url, applicationName: 'bench', max: 10 });
  return {
    setUp: async () => {
      await migrate(db, [jobsMigrations]);
    },
    fill: async (jobs) => {
      await enqueueMany(
        db,
        task,
        jobs.map((job) => ({ args: job, key: job.key })),
        { queue: 'q' },
      );
    },
    start: async (concurrency, work) => {
      const worker = createWorker({
        db,
        transport: postgresTransport(db),
        log: silentLog,
        queues: ['q'],
        concurrency,
        handlers: [handle(task, work)],
      });
      await worker.start();
      return () => worker.stop();
    },
  };
}
