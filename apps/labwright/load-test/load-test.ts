import { resolve } from 'node:path';
import { styleText } from 'node:util';
import { duration, UsageError, wholeNumber } from '@labwright/kernel/command-line';
import { readDispatchConfig } from '../dispatch/config.ts';
import { openJobs, workersOf } from '../dispatch/place.ts';
import { progressBar } from '../progress.ts';
import { measure, type Round } from './measure.ts';

const example = resolve(import.meta.dirname, '../../../examples/two-tasks/test-config.yml');
const most = 100_000;

/**
 * `labwright load-test --tasks N`: the tasks of a file in turn, N in all, with one number of workers a queue and then with the next, on
 * queues of their own. Answers the exit code: 1 where a task was not done.
 */
export async function loadTest(
  given: Partial<
    Record<'tasks' | 'config' | 'workers' | 'concurrency' | 'timeout' | 'database', string | undefined>
  >,
  say: (text: string) => void,
): Promise<number> {
  const values = {
    tasks: given.tasks ?? '200',
    config: given.config ?? example,
    workers: given.workers ?? '1,3',
    concurrency: given.concurrency ?? '1',
    timeout: given.timeout ?? '5m',
    database: given.database,
  };
  const tasks = wholeNumber('--tasks', values.tasks, { minimum: 1, maximum: most });
  const concurrency = wholeNumber('--concurrency', values.concurrency, { minimum: 1, maximum: 1_000 });
  const counts = values.workers
    .split(',')
    .map((count) => wholeNumber('--workers', count.trim(), { minimum: 1, maximum: 50 }));
  if (counts.length > 5) throw new UsageError('--workers takes up to five numbers, like 1,3.');
  const timeoutMs = duration('--timeout', values.timeout);
  const config = await readDispatchConfig(values.config);
  // Nobody else's workers take part.
  const jobs = config.jobs.map((job) => ({ ...job, queue: `${job.queue}-load-test`.slice(-100) }));
  const queues = [...new Set(jobs.map(({ queue }) => queue))];

  const place = await openJobs(values.database ?? config.database);
  const workerArgs = ['--concurrency', String(concurrency), ...config.transport];
  const supervisors = new Map(
    queues.map((queue) => [
      queue,
      workersOf(queue, {
        ...place,
        modules: config.modules,
        args: workerArgs,
        say: (line) => say(`  ${line}\n`),
      }),
    ]),
  );
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  const rounds: Round[] = [];
  try {
    say(
      `\n${strong('  Load test')}: ${tasks} tasks over ${queues.length === 1 ? 'one queue' : `${queues.length} queues`}, each worker carries out ${concurrency} at once\n\n`,
    );
    for (const workers of counts) {
      for (const supervisor of supervisors.values()) supervisor.scale(workers);
      await Promise.all([...supervisors.values()].map((supervisor) => supervisor.settled()));
      const bar = progressBar(`tasks, ${workers === 1 ? 'one worker' : `${workers} workers`} a queue`, tasks);
      const round = await measure(place.db, {
        jobs,
        tasks,
        workers,
        supervisors,
        timeoutMs,
        signal: interrupted.signal,
        onProgress: bar.update,
      });
      rounds.push(round);
      if (round.open > 0) break;
    }
    say(report(rounds));
    const whole = rounds.length === counts.length && rounds.every(({ failed, open }) => failed + open === 0);
    return whole ? 0 : 1;
  } finally {
    await Promise.all([...supervisors.values()].map((supervisor) => supervisor.stop()));
    await place.close();
  }
}

const strong = (text: string) => styleText('bold', text, { stream: process.stdout });
const width = 22;
const column = 14;

function report(rounds: readonly Round[]): string {
  const line = (name: string, value: (round: Round) => string) =>
    `  ${name.padEnd(width)}${rounds.map((round) => value(round).padStart(column)).join('')}\n`;
  const done = ({ succeeded, failed }: Round) => succeeded + failed;
  const rate = (round: Round) => (done(round) / round.totalMs) * 1_000;
  const quantile = (share: number) => (round: Round) =>
    round.latencies.length === 0
      ? '–'
      : seconds(
          round.latencies[
            Math.min(round.latencies.length - 1, Math.ceil(share * round.latencies.length) - 1)
          ] ?? 0,
        );
  const [first, last] = [rounds.at(0), rounds.at(-1)];
  const faster =
    first && last && first !== last
      ? `\n  ${last.workers} workers a queue instead of ${first.workers}: ${(rate(last) / rate(first)).toFixed(2)} times as many tasks a second.\n`
      : '';
  return [
    `\n${line('workers a queue', ({ workers }) => String(workers))}\n`,
    line('tasks done', (round) => String(done(round))),
    ...(rounds.some(({ failed }) => failed > 0)
      ? [line('… that failed', ({ failed }) => String(failed))]
      : []),
    ...(rounds.some(({ open }) => open > 0) ? [line('not done in time', ({ open }) => String(open))] : []),
    line('retries', ({ retries }) => String(retries)),
    line('total time', ({ totalMs }) => seconds(totalMs)),
    line('tasks a second', (round) => rate(round).toFixed(2)),
    line('one after the other', ({ workMs }) => seconds(workMs)),
    `\n  From sent to done\n`,
    line('  half within (p50)', quantile(0.5)),
    line('  90 % within (p90)', quantile(0.9)),
    line('  99 % within (p99)', quantile(0.99)),
    line('  all within', quantile(1)),
    `\n  Tasks of each worker\n`,
    ...[...(first?.spread.keys() ?? [])].map((queue) =>
      line(`  ${queue.replace(/-load-test$/, '')}`, ({ spread }) => (spread.get(queue) ?? []).join(' ')),
    ),
    `${faster}\n`,
  ].join('');
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(3)} s`;
