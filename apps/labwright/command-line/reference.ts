import type { Command, CommandTable, OptionSpecs } from './command.ts';
import { exitCodeMeanings } from './exit-codes.ts';
import { everywhere, generalOptions } from './general-options.ts';
import { optionText, usageLine } from './help.ts';
import { ended } from './wrap.ts';

/** docs/reference/command-line.md: the whole table as one page. */
export function referencePage({ commands, groups }: CommandTable): string {
  const shown = commands.filter(({ hidden }) => !hidden);
  return [
    '# The command line',
    'Made from the table of commands by `npm run docs:command-line`; a test fails where it is out of date.',
    'Every command is typed as `npm run labwright -- COMMAND …`, or, once `npm link -w labwright` has put it on your path, as `labwright COMMAND …`. `labwright help COMMAND` shows what stands here.',
    '## What is the same everywhere',
    [
      '- **Answers** go to standard output, progress and hints to standard error. Tables are as wide as the terminal: what does not fit is cut, or its column left out; where output is piped, nothing is.',
      '- **Colours** only on a terminal, and not with `--no-color` or `NO_COLOR`.',
      '- **`--json`** prints what the service answered, with the members that its reference page (`/docs`) describes; a list is one array, what goes on without end one object a line. Members may be added, none is taken away.',
      "- **Errors** are the service's own text, with what to type.",
    ].join('\n'),
    '### Options of every command that asks the services',
    optionTable({ ...generalOptions, ...everywhere }),
    'They may stand before the command as well as behind it: `labwright --url https://lab.example.org status`. Without `--url` and the others they are asked at `localhost`, at `HUB_SERVICE_PORT`, `DEVICE_SERVICE_PORT` and `WORKFLOW_SERVICE_PORT`.',
    '### Exit codes of every command',
    codeTable(exitCodeMeanings),
    '## Commands',
    shown.map(({ name, summary }) => `- [\`${name}\`](#${anchor(name)}): ${summary}`).join('\n'),
    ...shown.flatMap((command) => [
      ...groups
        .filter((group) => isFirst(group.name, command, shown))
        .map(({ name, summary }) => `## ${name}\n\n${ended(capital(summary))}`),
      section(command),
    ]),
  ]
    .join('\n\n')
    .concat('\n');
}

const isFirst = (group: string, command: Command, all: readonly Command[]) =>
  all.find(({ name }) => name.startsWith(`${group} `)) === command;

const anchor = (name: string) => `labwright-${name.replaceAll(' ', '-')}`;
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function section(command: Command): string {
  const { name, summary, notes = [], arguments: words = [], examples, exitCodes } = command;
  const own = Object.fromEntries(
    Object.entries(command.options).filter(([option]) => !(option in generalOptions)),
  );
  const general = Object.keys(command.options).some((option) => option in generalOptions);
  return [
    `### labwright ${name}`,
    ended(capital(summary)),
    ...notes.map(escaped),
    `    ${usageLine(command)}`,
    ...(words.length > 0
      ? [
          table(
            ['argument', ''],
            words.map((word) => [`\`${word.name}\``, word.doc]),
          ),
        ]
      : []),
    ...(Object.keys(own).length > 0 ? [optionTable(own)] : []),
    ...(general
      ? ['Asks the services: see [their options](#options-of-every-command-that-asks-the-services).']
      : []),
    `\`\`\`sh\n${examples.map(({ line, says }) => `labwright ${line}    # ${says}`).join('\n')}\n\`\`\``,
    ...(exitCodes ? [codeTable(exitCodes)] : []),
  ].join('\n\n');
}

function optionTable(options: OptionSpecs): string {
  const rows = Object.entries(options).map(([name, option]) => [
    `\`${optionText(name, option)}\``,
    option.multiple ? `${option.doc}; may be repeated` : option.doc,
  ]);
  return table(['option', ''], rows);
}

const codeTable = (codes: Readonly<Record<number, string>>): string =>
  table(
    ['exit code', ''],
    Object.entries(codes).map(([code, meaning]) => [code, meaning]),
  );

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => escaped(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), `|${' --- |'.repeat(heads.length)}`, ...rows.map(line)].join('\n');
}

/** Words between angle brackets would be taken for HTML. */
const escaped = (text: string) => text.replaceAll('<', '&lt;');
