import type {
  Command,
  CommandTable,
  Completes,
  LabKind,
  OptionSpec,
  OptionSpecs,
} from '../command-line/command.ts';
import { everywhere, generalOptions } from '../command-line/general-options.ts';
import { find, nextWords } from '../command-line/table.ts';

/** One thing that may stand where the cursor is. */
export interface Offer {
  word: string;
  says: string;
}

export interface Offers {
  words: Offer[];
  /** The shell offers names of files as well. */
  files: boolean;
}

/** What only the laboratory knows; with the words that were typed so far, and the one that is being typed. */
export type Source = (kind: LabKind, typed: readonly string[], now: string) => Promise<Offer[]>;

interface Asked {
  table: CommandTable;
  before: readonly string[];
  now: string;
  source: Source;
}

const nothing: Offers = { words: [], files: false };

/** What may come next: `typed` are the words behind `labwright`, of which the last is being typed. */
export async function complete(
  table: CommandTable,
  typed: readonly string[],
  source: Source,
): Promise<Offers> {
  const before = typed.slice(0, -1);
  const now = typed.at(-1) ?? '';
  const offers = await offersFor({ table, before, now, source });
  return { ...offers, words: offers.words.filter(({ word }) => word.startsWith(now)) };
}

async function offersFor(asked: Asked): Promise<Offers> {
  const { table, before, now } = asked;
  if (before[0] === 'help') return commandWords(table, before.slice(1).join(' '));
  if (before.includes('--')) return { words: [], files: true };
  const found = find(table, before);
  if (found.kind === 'unknown') return nothing;
  if (found.kind === 'group') {
    if (now.startsWith('-')) return { words: optionsLeft({ options: generalOptions }, before), files: false };
    if (takesValue(before.at(-1))) return nothing;
    const words = commandWords(table, found.name);
    return found.name === '' ? { ...words, words: [...words.words, help] } : words;
  }
  const { command, rest } = found;
  const open = openOption(command, rest);
  if (open) return offersOf(open.completes, asked);
  const [name, ...value] = now.split('=');
  const joined = value.length > 0 ? optionNamed(command, name ?? '') : undefined;
  if (joined) {
    const { words } = await offersOf(joined.completes, { ...asked, now: value.join('=') });
    return { words: words.map(({ word, says }) => ({ word: `${name}=${word}`, says })), files: false };
  }
  if (now.startsWith('-')) return { words: optionsLeft(command, rest), files: false };
  const place = positionals(command, rest).length;
  const wanted =
    command.arguments?.[place] ?? (command.arguments?.at(-1)?.many ? command.arguments.at(-1) : undefined);
  const offers = await offersOf(wanted?.completes, asked);
  return place === 0
    ? { ...offers, words: [...offers.words, ...commandWords(table, command.name).words] }
    : offers;
}

const help: Offer = { word: 'help', says: 'what a command does' };

const commandWords = (table: CommandTable, name: string): Offers => ({
  words: nextWords(table, name).map(({ word, summary }) => ({ word, says: summary })),
  files: false,
});

function optionNamed(command: Command, text: string): OptionSpec | undefined {
  const all = Object.entries(command.options);
  if (text.startsWith('--')) return all.find(([name]) => name === text.slice(2))?.[1];
  return text.startsWith('-') ? all.find(([, { short }]) => short === text.slice(1))?.[1] : undefined;
}

/** The option whose value is being typed. */
function openOption(command: Command, rest: readonly string[]): OptionSpec | undefined {
  const option = optionNamed(command, rest.at(-1) ?? '');
  return option?.type === 'string' ? option : undefined;
}

/** A general option before the command, whose value is being typed: nobody knows it. */
const takesValue = (word = '') =>
  (generalOptions as OptionSpecs)[word.startsWith('--') ? word.slice(2) : '']?.type === 'string';

function optionsLeft(command: Pick<Command, 'options'>, rest: readonly string[]): Offer[] {
  const used = new Set(rest.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0]));
  return Object.entries({ ...command.options, ...everywhere }).flatMap(([name, { multiple, doc }]) =>
    used.has(`--${name}`) && !multiple ? [] : [{ word: `--${name}`, says: doc }],
  );
}

function positionals(command: Command, rest: readonly string[]): string[] {
  return rest.filter((word, index) => !word.startsWith('-') && !openOption(command, rest.slice(0, index)));
}

async function offersOf(
  completes: Completes | undefined,
  { table, before, now, source }: Asked,
): Promise<Offers> {
  if (completes === undefined) return nothing;
  if (completes === 'file') return { words: [], files: true };
  if (completes === 'command') return commandWords(table, '');
  if (typeof completes === 'string') return { words: await source(completes, before, now), files: false };
  return { words: completes.map((word) => ({ word, says: '' })), files: false };
}
