import type { Terminal } from '../command-line/terminal.ts';

const enter = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const leave = '\x1b[?7h\x1b[?25h\x1b[?1049l';
/** Terminals that know it show what stands between at once; others ignore it. */
const together = { begin: '\x1b[?2026h', end: '\x1b[?2026l' };

export type Key =
  | 'up'
  | 'down'
  | 'pageUp'
  | 'pageDown'
  | 'home'
  | 'end'
  | 'tab'
  | 'quit'
  | 'suspend'
  | 'refresh';

const keys = new Map<string, Key>([
  ['q', 'quit'],
  ['Q', 'quit'],
  ['\x03', 'quit'],
  ['\x1a', 'suspend'],
  ['r', 'refresh'],
  ['\t', 'tab'],
  ['k', 'up'],
  ['j', 'down'],
  ['\x1b[A', 'up'],
  ['\x1bOA', 'up'],
  ['\x1b[B', 'down'],
  ['\x1bOB', 'down'],
  ['\x1b[5~', 'pageUp'],
  ['\x1b[6~', 'pageDown'],
  ['\x1b[H', 'home'],
  ['\x1b[F', 'end'],
  ['g', 'home'],
  ['G', 'end'],
]);

// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are sent as such.
const oneKey = /\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])|[\s\S]/g;

export interface Screen {
  readonly width: number;
  readonly height: number;
  /** Shows these lines, and touches only those that differ from what is there. */
  draw(lines: readonly string[]): void;
  /** Gives the terminal back as it was. May be called twice. */
  close(): void;
}

export interface ScreenEvents {
  onKey(key: Key): void;
  onResize(): void;
}

type RawInput = Terminal['stdin'] & { setRawMode?(raw: boolean): unknown };

/**
 * The whole screen of a terminal, beside the one on which its user works: that comes back when it is closed, by whatever. Lines are not broken where
 * the screen ends, but cut off.
 */
export function openScreen(terminal: Terminal, { onKey, onResize }: ScreenEvents): Screen {
  const { stdout } = terminal;
  const stdin: RawInput = terminal.stdin;
  let shown: readonly string[] = [];
  let closed = false;

  const size = () => ({ width: stdout.columns || 80, height: stdout.rows || 24 });
  const raw = (on: boolean) => {
    if (stdin.isTTY) stdin.setRawMode?.(on);
  };
  const open = () => {
    raw(true);
    stdout.write(`${enter}\x1b[2J`);
    shown = [];
  };
  const hide = () => {
    raw(false);
    stdout.write(leave);
  };
  const close = () => {
    if (closed) return;
    closed = true;
    stdin.off('data', read);
    stdout.off('resize', resized);
    process.off('SIGCONT', comeBack);
    process.off('exit', close);
    stdin.pause();
    hide();
  };
  const comeBack = () => {
    open();
    onResize();
  };
  const resized = () => {
    shown = [];
    stdout.write('\x1b[2J');
    onResize();
  };
  const read = (chunk: Buffer | string) => {
    // Several may come at once.
    for (const [text] of String(chunk).matchAll(oneKey)) {
      const key = keys.get(text);
      if (key === 'suspend') {
        hide();
        // All of us: npm, where it started us, would keep the terminal otherwise.
        process.kill(0, 'SIGTSTP');
      } else if (key) onKey(key);
      if (closed) return;
    }
  };

  process.on('exit', close);
  process.on('SIGCONT', comeBack);
  stdin.on('data', read);
  stdout.on('resize', resized);
  open();

  return {
    get width() {
      return size().width;
    },
    get height() {
      return size().height;
    },
    draw: (lines) => {
      // A terminal that cannot keep up gets the next picture instead of every one.
      if (closed || stdout.writableNeedDrain) return;
      const { height } = size();
      const next = Array.from({ length: height }, (_, row) => lines[row] ?? '');
      const changes = next.flatMap((line, row) =>
        line === shown[row] ? [] : [`\x1b[${row + 1};1H${line}\x1b[0m\x1b[K`],
      );
      shown = next;
      if (changes.length > 0) stdout.write(`${together.begin}${changes.join('')}${together.end}`);
    },
    close,
  };
}
