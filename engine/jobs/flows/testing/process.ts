/** A worker in a process of its own that carries out the steps of random flows, for tests that kill it: `process.ts URL QUEUE`. */
import { openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { createWorker, handle, NoRetry } from '../../index.ts';
import { postgresTransport } from '../../transports/postgres/index.ts';
import { answer, play } from './model.ts';

const [url, queue] = process.argv.slice(2);
if (url && queue) {
  const db = openDb({ url, applicationName: 'flows under fire', max: 4, answerTimeout: 1_000 });
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: [queue],
    concurrency: 8,
    leaseMs: 1_500,
    drainMs: 1_000,
    handlers: [
      handle(play, async (args, { attempt, signal }) => {
        await new Promise((resolve) => setTimeout(resolve, args.ms));
        signal.throwIfAborted();
        if (args.fails) {
          if (attempt === 1) throw new Error('once more');
          throw new NoRetry('it was meant to fail');
        }
        return answer(args);
      }),
    ],
  });
  await worker.start();
  process.once('SIGTERM', async () => {
    await worker.stop();
    await db.close();
  });
}
