import { isDeepStrictEqual, styleText } from 'node:util';
import { enqueue, type Job, waitForJobs } from '@labwright/jobs';
import { UsageError, wholeNumber } from '@labwright/kernel/command-line';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { type DispatchJob, readDispatchConfig } from './config.ts';
import { openJobs, workersOf } from './place.ts';

// job_workers has as many rows as there are workers.
const served = rows(
  'labwright.served_queues',
  Type.Object({ queue: Type.String() }),
  'SELECT DISTINCT unnest(queues) AS queue FROM job_workers WHERE alive_until > clock_timestamp()',
);

interface Sent extends DispatchJob {
  id: string;
}

/**
 * `labwright dispatch --config FILE`: sends all jobs of the file at once, collects what comes of them as it comes, and reports. Answers
 * the exit code: 1 where one did not end as it should.
 */
export async function dispatch(
  values: { config?: string | undefined; database?: string | undefined; workers?: string | undefined },
  say: (text: string) => void,
): Promise<number> {
  if (!values.config) throw new UsageError('What is to be sent? Name the file: --config test-config.yml');
  const workers = wholeNumber('--workers', values.workers ?? '0', { minimum: 0, maximum: 50 });
  const config = await readDispatchConfig(values.config);
  const place = await openJobs(values.database ?? config.database);
  const { db } = place;
  const supervisors =
    workers === 0
      ? []
      : config.queues.map((queue) =>
          workersOf(queue, {
            ...place,
            modules: config.modules,
            args: config.transport,
            say: (line) => say(`  ${line}\n`),
          }),
        );
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  try {
    for (const supervisor of supervisors) supervisor.scale(workers);
    await Promise.all(supervisors.map((supervisor) => supervisor.settled()));
    if (workers === 0) {
      const there = new Set((await db.query(served)).map(({ queue }) => queue));
      const alone = config.queues.filter((queue) => !there.has(queue));
      if (alone.length > 0)
        say(
          `  No worker serves ${alone.join(' and ')} now. Start one: npm run labwright -- worker --queues ${alone.join(',')} --handlers ${config.modules.join(',')}\n  Or let this command start some: --workers 1\n`,
        );
    }
    const began = performance.now();
    const sent: Sent[] = await Promise.all(
      config.jobs.map(async (job) => {
        const { id } = await enqueue(db, job.handler.task, job.payload, {
          queue: job.queue,
          ...(job.retries === undefined ? {} : { maxAttempts: job.retries + 1 }),
        });
        return { ...job, id };
      }),
    );
    say(
      `\n${strong('  Sent')}\n\n${sent.map(({ id, handler, queue }) => `  #${id}  ${handler.task.name} → ${queue}\n`).join('')}\n`,
    );
    const { ended } = await waitForJobs(
      db,
      sent.map(({ id }) => id),
      {
        timeoutMs: config.timeoutMs,
        signal: interrupted.signal,
      },
    );
    const totalMs = performance.now() - began;
    say(report(sent, ended, totalMs));
    return sent.every((job) => verdict(job, ended.get(job.id)).good) ? 0 : 1;
  } finally {
    await Promise.all(supervisors.map((supervisor) => supervisor.stop()));
    await place.close();
  }
}

const strong = (text: string) => styleText('bold', text, { stream: process.stdout });
const seconds = (ms: number) => `${(ms / 1_000).toFixed(3)} s`;
/** Milliseconds of the last attempt. */
const tookMs = (job: Job) =>
  Date.parse(job.finished_at ?? '') - Date.parse(job.started_at ?? job.finished_at ?? '');

function verdict(sent: Sent, job: Job | undefined): { good: boolean; words: string } {
  if (!job) return { good: false, words: 'not ended in time; it is still to be done' };
  if (job.state !== 'succeeded')
    return { good: false, words: `${job.state}: ${job.error?.message ?? 'no reason is known'}` };
  const result = JSON.stringify(job.result);
  if (sent.hasExpectation && !isDeepStrictEqual(job.result, sent.expect))
    return { good: false, words: `${result}, where ${JSON.stringify(sent.expect)} was expected` };
  return { good: true, words: result };
}

function report(sent: readonly Sent[], ended: ReadonlyMap<string, Job>, totalMs: number): string {
  const cells = sent.map((one) => {
    const job = ended.get(one.id);
    const { good, words } = verdict(one, job);
    const retries = job ? Math.max(0, job.attempts - 1) : 0;
    return [
      good ? '✓' : '✗',
      `#${one.id}`,
      one.handler.task.name,
      job ? seconds(tookMs(job)) : '–',
      String(retries),
      words,
    ];
  });
  const heads = ['', 'id', 'task', 'time', 'retries', 'result'];
  const widths = heads.map((head, at) => Math.max(head.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `  ${row.map((cell, at) => (at === 5 ? cell : cell.padEnd(widths[at] ?? 0))).join('  ')}\n`;
  const sequentialMs = [...ended.values()].reduce((sum, job) => sum + tookMs(job), 0);
  const good = cells.filter(([mark]) => mark === '✓').length;
  const saved = sequentialMs - totalMs;
  return [
    `${strong('  Results')}\n\n`,
    line(heads),
    ...cells.map(line),
    `\n  ${good} of ${sent.length} as they should be\n`,
    `  total       ${seconds(totalMs)}, from the first one sent to the last result\n`,
    `  sequential  ${seconds(sequentialMs)} would be the sum of the times${saved > 0 ? `: ${seconds(saved)} saved` : ''}\n\n`,
  ].join('');
}
