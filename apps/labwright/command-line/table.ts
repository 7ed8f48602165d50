import type { Command, CommandTable } from './command.ts';
import { didYouMean } from './did-you-mean.ts';

/** What the first words of a command line name. */
export type Found =
  | { kind: 'command'; command: Command; rest: readonly string[] }
  /** Words that several commands begin with, and no more; empty: nothing at all. */
  | { kind: 'group'; name: string }
  | { kind: 'unknown'; sentence: string };

/** The command with the most words that `words` begin with. */
export function find({ commands, groups }: CommandTable, words: readonly string[]): Found {
  const known = (name: string) => name.split(' ').every((word, index) => words[index] === word);
  const longest = <T extends { name: string }>(all: readonly T[]) =>
    all.filter(({ name }) => known(name)).toSorted((a, b) => b.name.length - a.name.length)[0];
  const command = longest(commands);
  if (command) return { kind: 'command', command, rest: words.slice(command.name.split(' ').length) };
  const group = longest(groups);
  const typed = words[group ? 1 : 0];
  if (typed === undefined) return { kind: 'group', name: group?.name ?? '' };
  const hint = didYouMean(
    typed,
    nextWords({ commands, groups }, group?.name ?? '').map(({ word }) => word),
  );
  const sentence = group
    ? `"${group.name}" has no command "${typed}".${hint}`
    : `There is no command "${typed}".${hint}`;
  return { kind: 'unknown', sentence };
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
