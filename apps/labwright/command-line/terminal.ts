import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];
type Screen = Writable & { isTTY?: boolean; columns?: number; rows?: number };

/** Where a command reads, writes and finds its settings: that of the process, or that of a test. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { isTTY?: boolean };
  readonly stdout: Screen;
  readonly stderr: Screen;
  /** Answers: they may be piped. */
  say(text: string): void;
  /** Progress, hints and complaints: for people. */
  tell(text: string): void;
  /** Colours and weight, where standard output shows them. */
  style(format: Format, text: string): string;
}

export interface TerminalOptions {
  env: Terminal['env'];
  stdin: Terminal['stdin'];
  stdout: Screen;
  stderr: Screen;
}

export function openTerminal(options: TerminalOptions): Terminal {
  const { env, stdout, stderr } = options;
  const colours = hasColours(env, stdout);
  return {
    ...options,
    say: (text) => void stdout.write(text),
    tell: (text) => void stderr.write(text),
    style: (format, text) => (colours ? styleText(format, text, { validateStream: false }) : text),
  };
}

/** https://no-color.org: any value but the empty one. */
function hasColours({ NO_COLOR, FORCE_COLOR, TERM }: Terminal['env'], { isTTY }: Screen): boolean {
  if (NO_COLOR) return false;
  if (FORCE_COLOR && FORCE_COLOR !== '0') return true;
  return isTTY === true && TERM !== 'dumb';
}
