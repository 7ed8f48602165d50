import type { ArgumentSpec, Command, CommandTable, OptionSpecs } from './command.ts';
import { exitCodeMeanings } from './exit-codes.ts';
import { everywhere, generalOptions } from './general-options.ts';
import { commandsOf, nextWords } from './table.ts';
import type { Terminal } from './terminal.ts';
import { ended, wrap } from './wrap.ts';

const widest = 100;
const indent = '  ';

/** The page of one command, with those that begin with its words; of a group; or, without a name, of everything. */
export function helpPage(table: CommandTable, name: string, terminal: Terminal): string {
  const { style } = terminal;
  const width = Math.min(widest, terminal.stdout.columns ?? widest);
  const strong = (text: string) => style('bold', text);
  const rows = (all: readonly (readonly [string, string])[]) => twoColumns(all, width);
  const section = (title: string, body: string) => (body === '' ? '' : `${strong(title)}\n${body}\n`);
  const list = (commands: readonly Command[]) => rows(commands.map((one) => [one.name, one.summary]));

  if (name === '') return overview(table, section, rows);
  const command = table.commands.find((one) => one.name === name);
  const below = commandsOf(table, name).filter((one) => one !== command);
  if (!command) {
    const summary = table.groups.find((one) => one.name === name)?.summary ?? '';
    return [
      `${strong(`labwright ${name}`)}: ${ended(summary)}\n\n`,
      section('Usage', below.map((one) => `${indent}${usageLine(one)}\n`).join('')),
      section('Commands', list(below)),
      `labwright help ${below[0]?.name ?? name} tells more of one.\n`,
    ].join('');
  }
  const own = Object.fromEntries(
    Object.entries(command.options).filter(([option]) => !(option in generalOptions)),
  );
  const general = Object.fromEntries(
    Object.entries(command.options).filter(([option]) => option in generalOptions),
  );
  return [
    `${strong(`labwright ${name}`)}: ${ended(command.summary)}\n\n`,
    section('Usage', `${indent}${usageLine(command)}\n`),
    (command.notes ?? []).map((note) => `${wrap(note, width)}\n\n`).join(''),
    section('Arguments', rows((command.arguments ?? []).map(({ name: word, doc }) => [word, doc]))),
    section('Options', optionRows(own, rows)),
    section('General options', optionRows({ ...general, ...everywhere }, rows)),
    section('More commands', list(below)),
    section(
      'Examples',
      command.examples
        .map(({ line, says }) => `${style('dim', `${indent}# ${says}`)}\n${indent}labwright ${line}\n`)
        .join(''),
    ),
    section('Exit codes', rows(codesOf(command))),
  ]
    .join('')
    .replace(/\n+$/, '\n');
}

const codesOf = (command: Command): [string, string][] =>
  Object.entries({ ...exitCodeMeanings, ...command.exitCodes });

function overview(
  table: CommandTable,
  section: (title: string, body: string) => string,
  rows: (all: readonly (readonly [string, string])[]) => string,
): string {
  const lines = nextWords(table, '').map(({ word, summary }) => [word, summary] as const);
  return [
    'Labwright runs a laboratory of instruments.\n\n',
    section('Usage', `${indent}labwright COMMAND …      or: npm run labwright -- COMMAND …\n`),
    section('Commands', rows(lines)),
    section('Services alone', rows(servicesAlone)),
    section('Exit codes', rows(Object.entries(exitCodeMeanings))),
    'labwright help COMMAND tells more of one. Settings come from the environment: see "Settings" in README.md.\n',
  ].join('');
}

const servicesAlone = [
  ['npm run device-service', 'the instruments, :5001'],
  ['npm run workflow-service', 'the experiments, :5002'],
  ['npm run hub-service', 'the people, :5000'],
] as const;

/** `labwright book DEVICE [options]`. */
export function usageLine({ name, arguments: words = [], options, usage }: Command): string {
  if (usage) return `labwright ${usage}`;
  const open = Object.keys(options).length > 0 ? ' [options]' : '';
  return `labwright ${[name, ...words.map(argumentText)].join(' ')}${open}`;
}

function argumentText({ name, optional, many }: ArgumentSpec): string {
  const text = many ? `${name}…` : name;
  return optional ? `[${text}]` : text;
}

export function optionText(name: string, { value, short, type }: OptionSpecs[string]): string {
  return `${short ? `-${short}, ` : ''}--${name}${type === 'string' ? ` ${value ?? 'VALUE'}` : ''}`;
}

function optionRows(options: OptionSpecs, rows: (all: [string, string][]) => string): string {
  return rows(
    Object.entries(options).map(([name, option]) => [
      optionText(name, option),
      option.multiple ? `${option.doc}; may be repeated` : option.doc,
    ]),
  );
}

/** Names left, their meanings right of them, broken where the screen ends. */
function twoColumns(all: readonly (readonly [string, string])[], width: number): string {
  const left = Math.min(34, Math.max(0, ...all.map(([name]) => name.length))) + 2;
  return all
    .map(([name, meaning]) => {
      const lines = wrap(meaning, Math.max(30, width - left - indent.length)).split('\n');
      const rest = lines.slice(1).map((line) => `\n${indent}${' '.repeat(left)}${line}`);
      const gap = name.length + 2 > left ? `\n${indent}${' '.repeat(left)}` : ' '.repeat(left - name.length);
      return `${indent}${name}${gap}${lines[0]}${rest.join('')}\n`;
    })
    .join('');
}
