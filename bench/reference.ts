import type { Finding } from './findings.ts';
import type { Machine } from './machine.ts';
import type { Scenario, Settings } from './scenarios/scenario.ts';
import { table } from './table.ts';

/** A remark of a scenario on what it found, or could not find. */
export interface Note {
  scenario: string;
  text: string;
}

export interface Run {
  machine: Machine;
  settings: Settings;
  findings: readonly Finding[];
  notes: readonly Note[];
}

/** The reference page: written by the same run that measured, so that no figure is copied by hand. */
export function referencePage(run: Run, scenarios: readonly Scenario[]): string {
  const { machine, settings } = run;
  return `# Benchmarks

This page was written by \`npm run bench -- --write\`; no figure in it was typed by a person.

${table(run.findings)}

One run with ${settings.rounds} counted rounds on ${machine.cores} cores and ${machine.memory_gb} GB of memory (${machine.platform}), Node
${machine.node}, ${machine.postgres}. The load, the service and PostgreSQL share those cores.

## How to read it

- **Only ratios mean something.** Times and rates are those of one machine on one day; both sides of a ratio were measured in
  the same run, in turns, on that machine. _Least – most_ are the ratios of single rounds: where they lie far apart, something else was
  going on.
- _Ours_ is Labwright end to end: HTTP over an open connection, the whole service in a process of its own with the settings of the
  production image (the limit of the heap, log lines for each request), PostgreSQL with \`fsync\` on. For jobs and locks it is the
  engine under the services, in processes with those settings.
- _Beside it_ is either a **floor**, the least that anybody could do for the same outcome (the bare driver, or bare Fastify with one
  statement), or **another engine** for the same outcome, as it comes or in its quickest way, or Labwright itself **at another size**.
- For times a ratio of 1 means as fast as what stands beside it, and less is better; for rates (\`/s\`) more is better.
- A line without a target is there to be read.

## How to run it

    npm run bench                        # everything; takes a while, most of it for millions of logs
    npm run bench -- race queue          # some of it
    npm run bench -- web                 # the pages in Chromium, while 200 devices change ten times a second
    npm run bench -- logs --logs 500000  # with fewer logs
    npm run bench -- --rounds 9          # more rounds, steadier medians
    npm run bench -- --all               # with what takes minutes more: a million jobs through, a million waiting
    npm run bench -- steady --jobs 20000 # that alone, with fewer jobs
    npm run bench -- jobs --small        # to see that it runs: its figures mean nothing
    npm run bench -- --json FILE         # the findings as JSON too
    npm run bench -- --write             # this page anew

It starts a PostgreSQL of its own in a temporary folder, starts the services as processes, and removes everything at the end, also after
Ctrl-C. A Redis on 6379 and a RabbitMQ on 5672 of this machine are used where they answer (\`BENCH_REDIS_URL\`, \`BENCH_AMQP_URL\` name others), under
names of their own that are removed at the end; where none answers, its lines are left out. It ends with 1 where a target does not hold.

## What each one does

${scenarios.map((scenario) => `**\`${scenario.name}\`** ${[scenario.method, ...remarks(run, scenario)].join('\n\n')}`).join('\n\n')}
`;
}

const remarks = ({ notes }: Run, { name, onRequest }: Scenario): string[] => [
  ...(onRequest ? ['It runs where it is named, or with `--all`.'] : []),
  ...notes.filter(({ scenario }) => scenario === name).map(({ text }) => text),
];
