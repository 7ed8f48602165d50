import { UsageError } from '@labwright/kernel/command-line';
import type { CommandTable } from './command.ts';
import { complaintOf } from './complaint.ts';
import { WordForNothing } from './define.ts';
import { exitCode } from './exit-codes.ts';
import { helpPage } from './help.ts';
import { type Found, find } from './table.ts';
import type { Terminal } from './terminal.ts';

/** Carries out one command line. Answers the exit code; undefined leaves the one that the command has set. */
export async function runCommandLine(
  table: CommandTable,
  args: readonly string[],
  terminal: Terminal,
): Promise<number | undefined> {
  // Behind two dashes it is for the command under the lock.
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const asksForHelp = args.slice(0, end).some((word) => word === '--help' || word === '-h');
  const words = args.filter((word, index) => index >= end || word !== '--no-color');
  try {
    if (asksForHelp)
      return help(table, words.slice(0, words.includes('--') ? words.indexOf('--') : words.length), terminal);
    if (words.length === 0 || words[0] === 'help') return help(table, words.slice(1), terminal);
    const found = find(table, words);
    if (found.kind === 'command') return await found.command.run(found.rest, terminal);
    if (found.kind === 'unknown') throw new UsageError(found.sentence);
    terminal.tell(helpPage(table, found.name, terminal));
    return exitCode.usage;
  } catch (error) {
    return complain(error, table, words, terminal);
  }
}

function help(table: CommandTable, words: readonly string[], terminal: Terminal): number {
  const found = find(table, words);
  if (found.kind === 'unknown') throw new UsageError(found.sentence);
  terminal.say(helpPage(table, nameOf(found), terminal));
  return exitCode.ok;
}

const nameOf = (found: Found): string =>
  found.kind === 'command' ? found.command.name : found.kind === 'group' ? found.name : '';

function complain(error: unknown, table: CommandTable, words: readonly string[], terminal: Terminal): number {
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  const { text, code } = complaintOf(error, words.slice(0, end).includes('--json'));
  terminal.tell(`${text}\n`);
  if (error instanceof UsageError) {
    const meant = error instanceof WordForNothing ? oneOfThem(table, words, error.word) : undefined;
    if (meant) terminal.tell(`To see that one: labwright ${meant}\n`);
    const help = `help ${nameOf(find(table, words))}`.trim();
    terminal.tell(`\nSee labwright ${help} (npm run labwright -- ${help}).\n`);
  }
  return code;
}

/** `samples S-1` asks for one of those that `samples` lists: the command that shows it. */
function oneOfThem(table: CommandTable, words: readonly string[], word: string): string | undefined {
  const name = `${nameOf(find(table, words))} show`;
  return table.commands.some((one) => one.name === name) ? `${name} ${word}` : undefined;
}
