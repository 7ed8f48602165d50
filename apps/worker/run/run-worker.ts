import { styleText } from 'node:util';
import { oneOf, readConfig, text } from '@labwright/kernel/config';
import { createLog, logLevels } from '@labwright/kernel/log';
import type { WorkerSettings } from '../options.ts';
import { type HostedWorker, hostWorker, placeOf } from './host-worker.ts';
import type { RunningJob } from './ledger.ts';
import { supervision } from './supervised.ts';

/** How a worker ends: `handedBack` where jobs that it had went back to their queues; beside 1, failed, and 2, wrong use. */
const workerExitCodes = { drained: 0, handedBack: 3 } as const;

/** A terminal and a parent process may both pass on one Ctrl-C. */
const sameKeystrokeMs = 1_000;
const mostNamed = 5;

/**
 * A worker until it is told to stop: the first SIGTERM or SIGINT (or the end of its supervisor) drains it, a second one hands back
 * what it still has, a third one ends it at once. Answers its exit code.
 */
export async function runWorker(settings: WorkerSettings, say: (text: string) => void): Promise<number> {
  const { LOG_LEVEL, HOST } = readConfig({
    LOG_LEVEL: oneOf(logLevels, { doc: 'how much to log', fallback: 'warn' }),
    HOST: text({ doc: 'the address of the probes', fallback: '127.0.0.1' }),
  });
  // Whoever read what we say may be gone, a supervisor that was killed: that is no reason to let jobs fall.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  // Sentences go to stdout, JSON to stderr.
  const log = createLog({ service: 'worker', level: LOG_LEVEL }, process.stderr);
  const supervisor = supervision();
  const worker = await hostWorker(settings, {
    log,
    host: HOST,
    onJoined: (id) => supervisor?.tell({ type: 'joined', id }),
  });
  const { promise: asked, resolve: ask } = Promise.withResolvers<string>();
  let askedAt: number | undefined;
  let signals = 0;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (askedAt !== undefined && performance.now() - askedAt < sameKeystrokeMs) return;
      askedAt = performance.now();
      signals += 1;
      if (signals === 1) ask(signal);
      else if (signals === 2) {
        say(`${signal} again: ${jobs(worker.ledger.running().length)} handed back.\n`);
        worker.handBack().catch((error) => log.error({ err: error }, 'jobs could not be handed back'));
      } else process.exit(signal === 'SIGINT' ? 130 : 143);
    });
  }
  supervisor?.gone.then(() => ask('Its supervisor is gone'));

  try {
    await worker.start();
  } catch (error) {
    await worker.stop();
    throw error;
  }
  supervisor?.tell({ type: 'ready' });
  supervisor?.watch(worker.ledger);
  say(greeting(settings, worker, supervisor !== undefined));
  const why = await asked;
  supervisor?.tell({ type: 'drains' });
  say(farewell(why, settings, worker.ledger.running()));
  const lostBefore = worker.ledger.lost;
  await worker.stop();
  const handedBack = worker.ledger.lost - lostBefore;
  say(handedBack > 0 ? `Ended; ${jobs(handedBack)} handed back.\n` : 'Ended; nothing is left in hand.\n');
  return handedBack > 0 ? workerExitCodes.handedBack : workerExitCodes.drained;
}

const jobs = (count: number) => (count === 1 ? 'one job is' : `${count} jobs are`);

function greeting(settings: WorkerSettings, worker: HostedWorker, brief: boolean): string {
  const { queues, concurrency, isolation } = settings;
  const each = isolation ? `, each in a ${isolation.kind} of its own` : '';
  if (brief) return `ready, process ${process.pid}\n`;
  const strong = (words: string) => styleText('bold', words, { stream: process.stdout });
  const away = worker.brokerThere ? '' : ' (does not answer now: jobs wait in the database until it does)';
  const via =
    settings.transport.kind === 'rabbitmq'
      ? `RabbitMQ at ${new URL(settings.transport.url).host}${away}, `
      : '';
  const row = (name: string, value: string) => `  ${name.padEnd(11)}${value}\n`;
  return [
    `\n${strong(`  A worker is running`)}, process ${process.pid}\n\n`,
    row('queues', queues.join(', ')),
    row('tasks', worker.tasks.join(', ')),
    row('at once', `${concurrency}${each}`),
    row('jobs', `${via}${placeOf(settings.databaseUrl)}`),
    worker.healthPort ? row('probes', `http://localhost:${worker.healthPort}/health, /ready, /metrics`) : '',
    `\n  Ctrl-C ends it when the jobs in hand are done; once more hands them back.\n\n`,
  ].join('');
}

function farewell(why: string, { drainMs }: WorkerSettings, running: readonly RunningJob[]): string {
  if (running.length === 0) return `${why}: nothing is in hand.\n`;
  const now = performance.now();
  const named = running
    .slice(0, mostNamed)
    .map(({ id, task, since }) => `${task} #${id} (for ${((now - since) / 1_000).toFixed(1)} s)`)
    .join(', ');
  const more = running.length > mostNamed ? ` and ${running.length - mostNamed} more` : '';
  return `${why}: waits up to ${drainMs / 1_000} s for ${named}${more}.\n`;
}
