import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Finding } from './findings.ts';
import { type Laboratory, openLaboratory } from './laboratory/laboratory.ts';
import { root } from './laboratory/production.ts';
import { describeMachine } from './machine.ts';
import { type Options, readOptions, UsageError } from './options.ts';
import { type Note, type Run, referencePage } from './reference.ts';
import { accounts } from './scenarios/accounts.ts';
import { audit } from './scenarios/audit.ts';
import { bookings } from './scenarios/bookings.ts';
import { celery } from './scenarios/celery.ts';
import { chat } from './scenarios/chat.ts';
import { jobs } from './scenarios/jobs.ts';
import { keys } from './scenarios/keys.ts';
import { limits } from './scenarios/limits.ts';
import { links } from './scenarios/links.ts';
import { locks } from './scenarios/locks.ts';
import { logs } from './scenarios/logs.ts';
import { notifications } from './scenarios/notifications.ts';
import { queue } from './scenarios/queue.ts';
import { rabbitmq } from './scenarios/rabbitmq.ts';
import { race } from './scenarios/race.ts';
import { reads } from './scenarios/reads.ts';
import { scaling } from './scenarios/scaling.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { steady } from './scenarios/steady.ts';
import { takeover } from './scenarios/takeover.ts';
import { web } from './scenarios/web.ts';
import { workflows } from './scenarios/workflows.ts';
import { inScope } from './scope.ts';
import { table } from './table.ts';

const scenarios: readonly Scenario[] = [
  race,
  queue,
  bookings,
  workflows,
  reads,
  jobs,
  keys,
  takeover,
  rabbitmq,
  celery,
  scaling,
  locks,
  limits,
  links,
  audit,
  accounts,
  steady,
  notifications,
  logs,
  chat,
  web,
];
const referenceFile = `${root}docs/reference/benchmarks.md`;

/** Exit codes: 0 every target holds, 1 one does not or a benchmark failed, 2 wrong usage, 130 stopped by Ctrl-C. */
const exitCodes = { ok: 0, failed: 1, usage: 2, stopped: 130 } as const;

const say = (line: string) => process.stderr.write(`${line}\n`);

/** Aborted by Ctrl-C: what is under way then fails, and everything that was started is ended. */
const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.on(name, () => {
    if (stopping.signal.aborted) return;
    say('Stopping, and clearing up …');
    stopping.abort(new Error('stopped'));
  });

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2), scenarios);
    const outcome = await inScope(async (scope) => {
      const laboratory = await openLaboratory(scope, options.nodeOptions);
      const findings: Finding[] = [];
      const notes: Note[] = [];
      const faults: string[] = [];
      for (const scenario of options.scenarios) {
        if (stopping.signal.aborted) break;
        await runScenario(scenario, laboratory, options, notes).then(
          (found) => findings.push(...found),
          (error) => faults.push(`${scenario.name} failed: ${explain(error)}`),
        );
      }
      const { settings } = options;
      return {
        run: { machine: describeMachine(laboratory.postgresVersion), settings, findings, notes },
        faults,
      };
    });
    if (stopping.signal.aborted) return exitCodes.stopped;
    await report(outcome.run, outcome.faults, options);
    const holds = outcome.run.findings.every(({ target }) => target?.holds ?? true);
    return holds && outcome.faults.length === 0 ? exitCodes.ok : exitCodes.failed;
  } catch (error) {
    say(explain(error));
    if (stopping.signal.aborted) return exitCodes.stopped;
    return error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
  }
}

function runScenario(
  scenario: Scenario,
  laboratory: Laboratory,
  options: Options,
  notes: Note[],
): Promise<Finding[]> {
  say(`${scenario.name} …`);
  const late = AbortSignal.timeout(scenario.limitSeconds * 1000);
  const signal = AbortSignal.any([stopping.signal, late]);
  return inScope((scope) =>
    scenario.run({
      laboratory,
      scope,
      signal,
      settings: options.settings,
      say: (line) => say(`  ${line}`),
      note: (text) => void notes.push({ scenario: scenario.name, text }),
    }),
  ).catch((error) => {
    if (late.aborted)
      throw new Error(`it took longer than ${scenario.limitSeconds} s and was given up`, { cause: error });
    throw error;
  });
}

async function report(run: Run, faults: readonly string[], options: Options): Promise<void> {
  const { cores, memory_gb, platform, node, postgres } = run.machine;
  process.stdout.write(
    `${table(run.findings)}\n\n${cores} cores, ${memory_gb} GB, ${platform}, Node ${node}, ${postgres}, ${run.settings.rounds} rounds\n`,
  );
  for (const { scenario, text } of run.notes) process.stdout.write(`\n${scenario}: ${text}\n`);
  for (const fault of faults) say(fault);
  if (options.json) await writeFile(options.json, `${JSON.stringify(run, null, 2)}\n`);
  if (options.write && faults.length > 0) say('The page was not written: a benchmark failed.');
  else if (options.write) {
    await mkdir(dirname(referenceFile), { recursive: true });
    await writeFile(referenceFile, referencePage(run, scenarios));
  }
}

function explain(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(explain).join('\n');
  return error instanceof Error ? error.message : String(error);
}
