/**
 * `npm test` runs every test on a PostgreSQL started for this run; `npm test -- services/devices` runs some.
 * Words name tests (a file, a folder, a glob, a part of a path); flags go to Node, as in
 * `npm test -- bench --test-name-pattern median`.
 *
 * LABWRIGHT_TEST_POSTGRES_URL names a PostgreSQL to use instead: a user who may create databases.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism, constants } from 'node:os';
import { resolve } from 'node:path';
import { isatty } from 'node:tty';
import { pathToFileURL } from 'node:url';
import { openTestDatabase } from './test/database.ts';
import { killOverdue } from './test/overdue.ts';
import { selectTests } from './test/select.ts';

const testTimeoutMs = 240_000;
const runnerEndsWithinMs = 10_000;
/** Beyond what `test/deadline.ts` gives a file to end by itself. */
const overdueMs = 12 * 60_000;

const root = resolve(import.meta.dirname, '..');
process.chdir(root);

let runner: ChildProcess | undefined;
let interruptedBy: NodeJS.Signals | undefined;
const inTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interruptedBy ??= signal;
    // Ctrl-C in a terminal reaches the runner without us.
    if (!inTerminal || signal === 'SIGTERM') runner?.kill(signal);
    setTimeout(() => runner?.kill('SIGKILL'), runnerEndsWithinMs).unref();
  });
}

process.exitCode = await main();

async function main(): Promise<number> {
  const { files, flags, unmatched } = selectTests(root, process.argv.slice(2));
  if (unmatched.length > 0 || files.length === 0) {
    console.error(`No test file matches ${unmatched.join(', ') || 'anything: there are none'}.`);
    return 1;
  }
  const given = process.env.LABWRIGHT_TEST_POSTGRES_URL;
  if (given) return await runTests(files, flags, given);

  const database = await openTestDatabase();
  try {
    return await runTests(files, flags, database.url);
  } finally {
    await database.remove();
  }
}

/** Runs Node's test runner to its end and returns its exit code. */
async function runTests(files: string[], flags: string[], postgresUrl: string): Promise<number> {
  if (interruptedBy) return exitCodeOf(interruptedBy);
  const reporter = flags.some((flag) => flag.startsWith('--test-reporter')) ? [] : ['--test-reporter=spec'];
  const args = [
    '--test',
    `--test-concurrency=${availableParallelism()}`,
    `--test-timeout=${testTimeoutMs}`,
    `--import=${pathToFileURL(resolve(import.meta.dirname, 'test/deadline.ts')).href}`,
    ...reporter,
    ...flags,
    ...files,
  ];
  const env = { ...process.env, LABWRIGHT_TEST_POSTGRES_URL: postgresUrl };
  const child = spawn(process.execPath, args, { stdio: 'inherit', env });
  runner = child;
  // Without a process of its own, and so without a number, there are no children to look after.
  const relax = child.pid === undefined ? () => {} : killOverdue(child.pid, overdueMs);
  return await new Promise((done, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      runner = undefined;
      relax();
      const endedBy = interruptedBy ?? signal;
      done(endedBy ? exitCodeOf(endedBy) : (code ?? 1));
    });
  });
}

function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
