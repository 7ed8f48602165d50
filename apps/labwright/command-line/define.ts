import { parseArgs } from 'node:util';
import { UsageError } from '@labwright/kernel/command-line';
import type { Command, Described, OptionSpec, OptionSpecs } from './command.ts';
import { didYouMean } from './did-you-mean.ts';
import type { Terminal } from './terminal.ts';

type Parsed<O extends OptionSpecs> = ReturnType<
  typeof parseArgs<{ options: { -readonly [K in keyof O]: O[K] } }>
>;

/** A word behind a command that takes none. */
export class WordForNothing extends UsageError {
  readonly word: string;
  constructor(message: string, word: string) {
    super(message);
    this.word = word;
  }
}

/** What a command was given, and where it speaks. */
export interface Given<O extends OptionSpecs = OptionSpecs> {
  readonly values: Parsed<O>['values'];
  /** Its arguments: as many as are described. */
  readonly words: readonly string[];
  readonly terminal: Terminal;
}

/** A command whose options and arguments are read just as they are described. */
export function command<const O extends OptionSpecs>(
  spec: Described & { readonly options: O; run(given: Given<O>): Promise<number | undefined> },
): Command {
  return { ...spec, run: async (args, terminal) => spec.run({ ...read<O>(spec, args), terminal }) };
}

function read<O extends OptionSpecs>(spec: Described, args: readonly string[]) {
  const parsed = parse<O>(spec, args);
  checkWords(spec, parsed.positionals);
  return { values: parsed.values, words: parsed.positionals };
}

function parse<O extends OptionSpecs>(spec: Described, args: readonly string[]): Parsed<O> {
  try {
    const options = spec.options as O;
    const given = withNegativeNumbers(spec, args);
    return parseArgs({ args: given, options, strict: true, allowPositionals: true }) as Parsed<O>;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw unknownOption(spec, args);
    const bare = args.findIndex((word, at) => isOpen(spec, word) && /^-|^$/.test(args[at + 1] ?? ''));
    if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE' && bare !== -1)
      throw withoutValue(spec, args[bare] ?? '', args[bare + 1]);
    // Node's sentence goes on with what is of no help here.
    throw new UsageError(message.split(/\.\s|\n/)[0]?.replace(/\.?$/, '.') ?? message);
  }
}

/** The option whose value is the word behind this one. */
function isOpen({ options }: Described, word: string): [string, OptionSpec] | undefined {
  return Object.entries(options).find(
    ([name, { type, short }]) =>
      type === 'string' && (word === `--${name}` || (short && word === `-${short}`)),
  );
}

/** `-n -5` is a number that is too small, and not an option that is called 5. */
function withNegativeNumbers(spec: Described, args: readonly string[]): string[] {
  const end = args.indexOf('--');
  const given: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] ?? '';
    const option = end === -1 || at < end ? isOpen(spec, word) : undefined;
    const value = args[at + 1] ?? '';
    if (option && /^-\d/.test(value)) {
      given.push(`--${option[0]}=${value}`);
      at += 1;
    } else if (option && at + 1 < args.length) {
      given.push(word, value);
      at += 1;
    } else given.push(word);
  }
  return given;
}

function withoutValue(spec: Described, word: string, next: string | undefined): UsageError {
  const [name, option] = isOpen(spec, word) ?? ['', undefined];
  const wanted = `${word} needs a value, ${option?.value ?? 'VALUE'}: ${option?.doc}.`;
  return new UsageError(
    next ? `${wanted} "${next}" behind it is an option; a value that begins so: --${name}=${next}.` : wanted,
  );
}

function unknownOption(spec: Described, args: readonly string[]): UsageError {
  const names = Object.keys(spec.options);
  const shorts = Object.values(spec.options).flatMap(({ short }) => (short ? [`-${short}`] : []));
  const end = args.indexOf('--');
  const word = args
    .slice(0, end === -1 ? args.length : end)
    .map((arg) => arg.split('=')[0] ?? '')
    .find((arg) =>
      arg.startsWith('--')
        ? !names.includes(arg.slice(2))
        : /^-[^-]/.test(arg) && !shorts.includes(arg.slice(0, 2)),
    );
  const known = names.map((name) => `--${name}`);
  return new UsageError(`"${spec.name}" has no option ${word ?? ''}.${didYouMean(word ?? '', known)}`);
}

function checkWords({ name, arguments: wanted = [] }: Described, words: readonly string[]): void {
  const missing = wanted.find((argument, index) => !argument.optional && words[index] === undefined);
  if (missing) throw new UsageError(`"${name}" needs ${missing.name}: ${missing.doc}.`);
  const extra = wanted.at(-1)?.many ? undefined : words[wanted.length];
  if (extra !== undefined && wanted.length === 0)
    throw new WordForNothing(`"${name}" takes no argument, and "${extra}" is one.`, extra);
  if (extra !== undefined)
    throw new UsageError(
      `"${name}" takes ${wanted.map((argument) => argument.name).join(' ')}, and "${extra}" is one too many.`,
    );
}
