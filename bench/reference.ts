import type { Finding } from './findings.ts';
import type { Machine } from './machine.ts';
import type { Scenario, Settings } from './scenarios/scenario.ts';
import { table } from './table.ts';

export interface Run {
  machine: Machine;
  settings: Settings;
  findings: readonly Finding[];
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
  production image (the limit of the heap, log lines for each request), PostgreSQL with \`fsync\` on.
- _Beside it_ is either a **floor**, the least that anybody could do for the same outcome (the bare driver, or bare Fastify with one
  statement), or Labwright itself **at another size**.
- For times a ratio of 1 means as fast as what stands beside it, and less is better; for rates (\`/s\`) more is better.
- A line without a target is there to be read.

## How to run it

    npm run bench                        # everything; takes a while, most of it for millions of logs
    npm run bench -- race queue          # some of it
    npm run bench -- logs --logs 500000  # with fewer logs
    npm run bench -- --rounds 9          # more rounds, steadier medians
    npm run bench -- --json FILE         # the findings as JSON too
    npm run bench -- --write             # this page anew

It starts a PostgreSQL of its own in a temporary folder, starts the services as processes, and removes everything at the end, also after
Ctrl-C. It ends with 1 where a target does not hold.

## What each one does

${scenarios.map(({ name, method }) => `**\`${name}\`** ${method}`).join('\n\n')}
`;
}
