import type { Terminal } from './terminal.ts';

/** What only the laboratory can tell. `field`: of the form of the task that was named; `file` is one on this machine, `stored-file` one of the laboratory. */
export type LabKind =
  | 'device'
  | 'workflow'
  | 'task'
  | 'field'
  | 'room'
  | 'stored-file'
  | 'person'
  | 'api-token'
  | 'plate'
  | 'sample';

/** What a shell offers where somebody presses Tab: these words, or what a source knows. */
export type Completes = readonly string[] | 'command' | 'file' | LabKind;

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** What help calls its value: `--wait TIME`. */
  readonly value?: string;
  readonly doc: string;
  readonly completes?: Completes;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** A word that stands without a `--name`. Only the last ones may be left out, and only the last may be `many`. */
export interface ArgumentSpec {
  readonly name: string;
  readonly doc: string;
  readonly optional?: boolean;
  readonly many?: boolean;
  readonly completes?: Completes;
}

export interface Example {
  /** As it is typed, without `labwright`. */
  readonly line: string;
  readonly says: string;
}

/** What there is to say about a command. Help, completion and the reference are made from it. */
export interface Described {
  /** Its words, as they are typed: `book`, `workflow start`. */
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** What else there is to know: each is a paragraph. */
  readonly notes?: readonly string[];
  /** Where the line made of arguments and options would not tell it. */
  readonly usage?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options: OptionSpecs;
  readonly examples: readonly Example[];
  /** Beside those that every command has. */
  readonly exitCodes?: Readonly<Record<number, string>>;
  /** For shells, not for people: help does not show it. */
  readonly hidden?: boolean;
}

/** One entry of the table. */
export interface Command extends Described {
  /** Answers the exit code; undefined leaves the one that is set already. */
  run(args: readonly string[], terminal: Terminal): Promise<number | undefined>;
}

/** Words that several commands begin with, such as `workflow`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
}

export interface CommandTable {
  readonly commands: readonly Command[];
  readonly groups: readonly CommandGroup[];
}

/** Says what is what of options that a reader of its own has already: each of them, and no other. */
export function describeOptions<
  const R extends Readonly<
    Record<string, { type: 'string' | 'boolean'; multiple?: boolean; short?: string }>
  >,
>(read: R, words: { [K in keyof R]: Pick<OptionSpec, 'doc' | 'value' | 'completes'> }): OptionSpecs {
  return Object.fromEntries(
    Object.entries(read).map(([name, spec]) => [name, { ...spec, ...words[name as keyof R] }]),
  );
}
