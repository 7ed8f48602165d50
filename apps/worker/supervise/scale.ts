import { styleText } from 'node:util';
import { jobsMigrations } from '@labwright/jobs';
import { loadHandlers } from '@labwright/jobs/isolation';
import { UsageError } from '@labwright/kernel/command-line';
import { openDb } from '@labwright/kernel/db';
import type { Part } from '@labwright/kernel/lifecycle';
import { createLog } from '@labwright/kernel/log';
import { migrate } from '@labwright/kernel/migrate';
import { command } from '@labwright/kernel/statement';
import { scaleAutomatically } from '../auto/automatic.ts';
import type { Surroundings } from '../options.ts';
import { placeOf } from '../run/host-worker.ts';
import { askSupervisor, listenForQuestions } from './control.ts';
import { type ScaleOptions, scaleOptions, type Wish } from './options.ts';
import { type Supervisor, superviseWorkers, type WorkerStatus } from './supervisor.ts';

/** What a supervisor answers. */
interface Answer {
  pid: number;
  before: string;
  now: string;
  workers: WorkerStatus[];
  error?: string;
}

const sameKeystrokeMs = 1_000;

/**
 * `labwright scale`: where no supervisor of these queues runs on this machine, becomes it, until SIGTERM or SIGINT; else tells the one
 * that does what is wanted. Answers the exit code.
 */
export async function scale(
  args: string[],
  say: (text: string) => void,
  surroundings: Surroundings = {},
): Promise<number> {
  const options = scaleOptions(args, surroundings);
  const { queues, databaseUrl, wish } = options;
  const answer = await askSupervisor<Answer>(databaseUrl, queues, wish);
  if (answer) return show(answer, options, say);
  if (wish.kind === 'status') {
    say(
      `Nobody supervises workers of ${queues.join(', ')} here. Start some: labwright scale --queue … --count 3 --handlers ./tasks.ts\n`,
    );
    return 1;
  }
  return supervise(options, wish, say);
}

function show(answer: Answer, { queues, wish }: ScaleOptions, say: (text: string) => void): number {
  if (answer.error) throw new Error(answer.error);
  if (wish.kind === 'status') say(statusTable(queues, answer));
  else
    say(`${queues.join(', ')}: ${answer.before}, now ${answer.now} (supervisor: process ${answer.pid}).\n`);
  return 0;
}

/** Of two that are started at once the second one finds the first. */
const oneAfterTheOther = command('scale.one_after_the_other', 'SELECT pg_advisory_xact_lock(5005)');

async function supervise(
  options: ScaleOptions,
  first: Exclude<Wish, { kind: 'status' }>,
  say: (text: string) => void,
): Promise<number> {
  const { queues, databaseUrl, worker } = options;
  if (!worker)
    throw new UsageError(
      `Nobody supervises workers of ${queues.join(', ')} here yet. To start some, say what they do: --handlers ./tasks.ts`,
    );
  // What is wrong with them is said once, and not by each worker.
  await loadHandlers(worker.modules);
  const log = createLog({ service: 'scale', level: 'warn' }, process.stderr);
  const db = openDb({ url: databaseUrl, applicationName: 'labwright scale', log, max: 2 });
  const tell = (line: string) => say(`${new Date().toISOString().slice(11, 19)}  ${line}\n`);
  const supervisor = superviseWorkers({
    args: options.args,
    drainMs: worker.drainMs,
    db,
    log,
    say: tell,
    env: { ...process.env, ...options.env },
  });
  let auto: Part | undefined;
  let mode = modeOf(first);
  let ending = false;
  const fulfil = async (wish: Wish) => {
    if (wish.kind === 'status') return;
    mode = modeOf(wish);
    await auto?.stop();
    auto = undefined;
    if (wish.kind === 'count') return supervisor.scale(wish.count);
    const { min, max } = wish.auto;
    supervisor.scale(Math.min(max, Math.max(min, supervisor.wanted)));
    const settings = { ...wish.auto, concurrency: worker.concurrency };
    auto = scaleAutomatically({ db, queues, supervisor, settings, log, say: tell });
    await auto.start();
  };

  try {
    await migrate(db, [jobsMigrations]);
    const answerQuestion = async (question: unknown) => {
      const wish = question as Wish;
      if (ending && wish.kind !== 'status')
        throw new Error(`The supervisor (process ${process.pid}) is ending: try again when it has ended.`);
      const before = mode;
      await fulfil(wish);
      if (wish.kind !== 'status') tell(`asked for: ${before}, now ${mode}.`);
      return { pid: process.pid, before, now: mode, workers: supervisor.status() } satisfies Answer;
    };
    const begun = await db.transaction(async (tx) => {
      await tx.execute(oneAfterTheOther);
      const answer = await askSupervisor<Answer>(databaseUrl, queues, first);
      return answer ? { answer } : { control: await listenForQuestions(databaseUrl, queues, answerQuestion) };
    });
    if (begun.answer) return show(begun.answer, options, say);
    const { control } = begun;
    try {
      say(greeting(options, modeOf(first)));
      await fulfil(first);
      return await untilToldTo(
        supervisor,
        () => {
          ending = true;
          return auto?.stop();
        },
        tell,
      );
    } finally {
      await control.close();
    }
  } finally {
    await db.close();
  }
}

/** The first signal drains all workers, a second one makes them hand back, a third one kills them. */
async function untilToldTo(
  supervisor: Supervisor,
  beforeStop: () => Promise<void> | undefined,
  tell: (line: string) => void,
): Promise<number> {
  let signals = 0;
  let askedAt = Number.NEGATIVE_INFINITY;
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (performance.now() - askedAt < sameKeystrokeMs) return;
      askedAt = performance.now();
      signals += 1;
      if (signals === 1) {
        const { ready, starting, running } = supervisor.figures();
        tell(
          `${signal}: ${ready + starting} workers end when their ${running} jobs in hand are done. Once more hands those back.`,
        );
        resolve(undefined);
      } else if (signals === 2) {
        tell(`${signal} again: jobs are handed back.`);
        void supervisor.stop();
      } else {
        tell(`${signal} once more: workers are killed.`);
        supervisor.kill();
      }
    });
  const hopeless = await Promise.race([promise, supervisor.hopeless]);
  await beforeStop();
  await supervisor.stop();
  if (hopeless !== undefined)
    throw new UsageError(`No worker can start with these arguments: ${hopeless}; see above.`);
  tell('All workers have ended.');
  return 0;
}

const modeOf = (wish: Exclude<Wish, { kind: 'status' }>): string =>
  wish.kind === 'count'
    ? plural(wish.count)
    : `${wish.auto.min} to ${wish.auto.max} workers, as the backlog asks (target ${wish.auto.targetSeconds} s, calm ${wish.auto.calmSeconds} s)`;
const plural = (count: number) => (count === 1 ? 'one worker' : `${count} workers`);
const strong = (words: string) => styleText('bold', words, { stream: process.stdout });

function greeting({ queues, databaseUrl }: ScaleOptions, mode: string): string {
  return [
    `\n${strong(`  Workers of ${queues.join(', ')}`)}, supervised by process ${process.pid}\n\n`,
    `  wanted     ${mode}\n`,
    `  jobs       ${placeOf(databaseUrl)}\n\n`,
    '  In another terminal, the same command with another --count (or --auto) changes it; --status shows them.\n',
    '  Ctrl-C ends all when their jobs in hand are done.\n\n',
  ].join('');
}

function statusTable(queues: readonly string[], { pid, now, workers }: Answer): string {
  const line = (...cells: (string | number)[]) =>
    `  ${cells.map((cell, index) => (index < 3 ? String(cell).padEnd(10) : String(cell).padStart(10))).join('')}\n`;
  return [
    `\n${strong(`  ${queues.join(', ')}`)}: ${now}, supervised by process ${pid}\n\n`,
    line('worker', 'process', 'state', 'in hand', 'done', 'restarts'),
    ...workers.map((worker) =>
      line(worker.number, worker.pid ?? '–', worker.state, worker.running, worker.done, worker.restarts),
    ),
    '\n',
  ].join('');
}
