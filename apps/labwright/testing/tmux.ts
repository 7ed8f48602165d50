import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { eventually } from '@labwright/kernel/testing';

const exec = promisify(execFile);

/** A real terminal that a test can type into and look at. */
export interface TestTerminalWindow {
  /** Literally, as if typed. */
  type(text: string): Promise<void>;
  /** By the names that tmux has: `Enter`, `Tab`, `C-c`, `Down`. */
  press(...keys: string[]): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  /** What stands on the screen, a line each, without blanks at their ends. */
  lines(): Promise<string[]>;
  /** Waits until the screen shows it; fails with the last screen. */
  shows(pattern: RegExp): Promise<string>;
  /** Waits until the screen shows it no more. */
  hides(pattern: RegExp): Promise<string>;
  /** Variables of tmux's own, such as `cursor_flag`. */
  facts(...names: string[]): Promise<string[]>;
  close(): Promise<void>;
}

/** False where one of these programs is not there: the test then is skipped by name, except where `CI=true`, for which nothing may be left out. */
export const hasTmux = (): boolean => has('tmux', '-V');
export const hasShell = (shell: string): boolean => has(shell, '--version');

function has(program: string, question: string): boolean {
  const found = spawnSync(program, [question]).status === 0;
  if (!found && process.env.CI === 'true')
    throw new Error(`${program} is missing: apt-get install ${program}`);
  return found;
}

let windows = 0;

/** A shell, bash where none is named, in a terminal of its own, under a tmux of its own. */
export async function openWindow(options: {
  columns: number;
  rows: number;
  folder: string;
  env: Record<string, string>;
  shell?: string;
}): Promise<TestTerminalWindow> {
  windows += 1;
  const server = `labwright-test-${process.pid}-${windows}`;
  const tmux = async (...args: string[]): Promise<string> =>
    (await exec('tmux', ['-L', server, ...args])).stdout;
  const command = `env -i ${Object.entries(options.env)
    .map(([name, value]) => `${name}='${value}'`)
    .join(' ')} TERM=tmux-256color PS1='$ ' ${options.shell ?? 'bash --norc --noprofile'}`;
  await tmux(
    '-f',
    '/dev/null',
    'new-session',
    '-d',
    '-s',
    'test',
    '-c',
    options.folder,
    '-x',
    String(options.columns),
    '-y',
    String(options.rows),
    command,
  );
  await tmux('set-option', '-g', 'escape-time', '0');
  const text = () => tmux('capture-pane', '-p', '-t', 'test');
  const until = async (pattern: RegExp, there: boolean) => {
    let last = '';
    return eventually(`the screen ${there ? 'shows' : 'hides'} ${pattern}`, async () => {
      last = await text();
      return pattern.test(last) === there ? last : undefined;
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n${last}`);
    });
  };
  return {
    type: async (typed) => {
      await tmux('send-keys', '-t', 'test', '-l', typed);
    },
    press: async (...keys) => {
      await tmux('send-keys', '-t', 'test', ...keys);
    },
    resize: async (columns, rows) => {
      await tmux('resize-window', '-t', 'test', '-x', String(columns), '-y', String(rows));
    },
    lines: async () => (await text()).split('\n').map((line) => line.trimEnd()),
    shows: (pattern) => until(pattern, true),
    hides: (pattern) => until(pattern, false),
    facts: async (...names) =>
      (await tmux('display-message', '-p', '-t', 'test', names.map((name) => `#{${name}}`).join(' ')))
        .trim()
        .split(' '),
    close: async () => {
      await tmux('kill-server');
    },
  };
}
