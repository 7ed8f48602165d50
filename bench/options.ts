import { parseArgs } from 'node:util';
import type { Scenario, Settings } from './scenarios/scenario.ts';

export interface Options {
  scenarios: readonly Scenario[];
  settings: Settings;
  /** Where to put the findings as JSON. */
  json: string | undefined;
  /** Writes the reference page. */
  write: boolean;
  /** To try out other options of Node than those of the production image. */
  nodeOptions: string | undefined;
}

export class UsageError extends Error {}

const fewestRounds = 5;
const smallShare = 0.1;

/** Throws a `UsageError` that says what is wrong and what there is. */
export function readOptions(args: string[], known: readonly Scenario[]): Options {
  const { values, positionals } = parse(args);
  const names = known.map(({ name }) => name);
  for (const name of positionals)
    if (!names.includes(name))
      throw new UsageError(`There is no benchmark "${name}": there are ${names.join(', ')}.`);
  if (values.write && positionals.length > 0)
    throw new UsageError('--write needs all benchmarks in one run: leave out the names.');
  if (values.write && values['node-options'] !== undefined)
    throw new UsageError('--write tells of the production image: leave out --node-options.');
  if (values.write && values.small) throw new UsageError('--small measures nothing: leave out --write.');
  return {
    scenarios: known.filter(({ name, onRequest }) =>
      positionals.length > 0 ? positionals.includes(name) : values.all || !onRequest,
    ),
    settings: {
      rounds: values.small ? 1 : wholeNumber('--rounds', values.rounds, fewestRounds, 1_000),
      logs: wholeNumber('--logs', values.logs, 50_000, 100_000_000),
      jobs: wholeNumber('--jobs', values.jobs, 20_000, 100_000_000),
      share: values.small ? smallShare : 1,
    },
    json: values.json,
    write: values.write,
    nodeOptions: values['node-options'],
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        rounds: { type: 'string', default: '7' },
        logs: { type: 'string', default: '5000000' },
        jobs: { type: 'string', default: '1000000' },
        all: { type: 'boolean', default: false },
        small: { type: 'boolean', default: false },
        json: { type: 'string' },
        write: { type: 'boolean', default: false },
        'node-options': { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < least || number > most)
    throw new UsageError(`${option} takes a whole number from ${least} to ${most}, not "${text}".`);
  return number;
}
