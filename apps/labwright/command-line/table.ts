import type { Command, CommandTable, OptionSpecs } from './command.ts';
import { didYouMean } from './did-you-mean.ts';
import { everywhere, generalOptions } from './general-options.ts';

/** What the first words of a command line name. */
export type Found =
  | { kind: 'command'; command: Command; rest: readonly string[] }
  /** Words that several commands begin with, and no more; empty: nothing at all. */
  | { kind: 'group'; name: string }
  | { kind: 'unknown'; sentence: string };

/** Options that may stand before the command, too, or between its words. */
const anywhere: OptionSpecs = { ...generalOptions, ...everywhere };

/**
 * The command with the most words that `words` begin with. General options among its words count as if they stood behind them:
 * `--url https://lab.example.org workflow list`.
 */
export function find(table: CommandTable, words: readonly string[]): Found {
  const { commands, groups } = table;
  const { bare, places } = withoutOptions(words);
  const known = (name: string) => name.split(' ').every((word, index) => bare[index] === word);
  const longest = <T extends { name: string }>(all: readonly T[]) =>
    all.filter(({ name }) => known(name)).toSorted((a, b) => b.name.length - a.name.length)[0];
  const command = longest(commands);
  if (command) {
    const named = places.slice(0, command.name.split(' ').length);
    return { kind: 'command', command, rest: words.filter((_, index) => !named.includes(index)) };
  }
  const group = longest(groups);
  const typed = bare[group ? 1 : 0];
  if (typed === undefined) return { kind: 'group', name: group?.name ?? '' };
  if (typed.startsWith('-')) return { kind: 'unknown', sentence: misplaced(typed) };
  const hint = didYouMean(
    typed,
    nextWords(table, group?.name ?? '').map(({ word }) => word),
  );
  const sentence = group
    ? `"${group.name}" has no command "${typed}".${hint}`
    : `There is no command "${typed}".${hint}`;
  return { kind: 'unknown', sentence };
}

/** The words that are neither a general option nor the value of one, and where each stands. */
function withoutOptions(words: readonly string[]): { bare: string[]; places: number[] } {
  const bare: string[] = [];
  const places: number[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const option = word.startsWith('--') ? anywhere[word.slice(2).split('=')[0] ?? ''] : undefined;
    if (option?.type === 'string' && !word.includes('=')) at += 1;
    if (option || word === '-h') continue;
    bare.push(word);
    places.push(at);
  }
  return { bare, places };
}

function misplaced(typed: string): string {
  const [name = ''] = typed.split('=');
  const hint = didYouMean(
    name,
    Object.keys(anywhere).map((option) => `--${option}`),
  );
  return hint
    ? `There is no option ${name}.${hint}`
    : `${name} stands before the command. It belongs behind it: labwright COMMAND ${name}.`;
}

/** The words that may come behind these, each with what it is for. */
export function nextWords(table: CommandTable, name: string): { word: string; summary: string }[] {
  const depth = name === '' ? 0 : name.split(' ').length;
  const found = new Map<string, string>();
  for (const command of commandsOf(table, name)) {
    const words = command.name.split(' ');
    const word = words[depth];
    if (word === undefined) continue;
    const whole = words.slice(0, depth + 1).join(' ');
    const described = [...table.groups, ...table.commands].find((one) => one.name === whole);
    found.set(word, described?.summary ?? command.summary);
  }
  return [...found].map(([word, summary]) => ({ word, summary }));
}

/** The commands that begin with these words, itself among them. */
export const commandsOf = ({ commands }: CommandTable, name: string): readonly Command[] =>
  commands.filter(
    (command) =>
      !command.hidden && (name === '' || command.name === name || command.name.startsWith(`${name} `)),
  );
