/** Tab as a person presses it: in bash, zsh and fish themselves, in a real terminal, with the ids of a whole laboratory. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import type { Task } from '@labwright/contract-hub/tasks';
import { compileCache, eventually } from '@labwright/kernel/testing';
import { placesOf } from '../commands/testing.ts';
import { openLab as reachLab } from '../lab/open-lab.ts';
import { openLab, type TestLab } from '../security/testing/lab.ts';
import { hasShell, hasTmux, openWindow, type TestTerminalWindow } from '../testing/tmux.ts';
import type { Shell } from './scripts.ts';

interface Setup {
  start: string;
  load: string;
}

/** How each is started without anybody's settings, and reads the script as its first line says. */
const setups: Readonly<Record<Shell, Setup>> = {
  bash: { start: 'bash --norc --noprofile', load: 'eval "$(labwright completion bash)"' },
  zsh: {
    start: 'zsh -f',
    load: 'autoload -Uz compinit && compinit -u -D; eval "$(labwright completion zsh)"',
  },
  fish: {
    start: `fish --no-config -C 'function fish_prompt; printf "\\$ "; end; function fish_greeting; end; set -g fish_autosuggestion_enabled 0'`,
    load: 'labwright completion fish | source',
  },
};

let lab: TestLab;
let folder: string;
let task: Task;

before(async () => {
  if (!hasTmux()) return;
  folder = await mkdtemp(join(tmpdir(), 'labwright-shells-'));
  lab = await openLab();
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await symlink(resolve(import.meta.dirname, '..', 'bin.mjs'), join(bin, 'labwright'));
  await writeFile(join(folder, 'samples in winter.csv'), '');
  const fields = [{ type: 'number', name: 'volume', label: 'Volume: in uL' }];
  task = await reachLab({}, placesOf(lab)).hub.send<Task>('POST', '/tasks', {
    body: { title: 'Weigh it: twice', fields },
  });
});
after(async () => {
  await lab?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const open = (shell: Shell) =>
  openWindow({
    columns: 120,
    rows: 40,
    folder,
    shell: setups[shell].start,
    env: {
      ...placesOf(lab),
      HOME: folder,
      LANG: 'C.UTF-8',
      PATH: `${join(folder, 'bin')}:${dirname(process.execPath)}:${process.env.PATH}`,
      NODE_COMPILE_CACHE: compileCache,
    },
  });

const escaped = (text: string) => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&');

/** What is typed, and what stands there behind Tab. The `@` is where the cursor is then: behind a blank, or just behind the word. */
const cases = (): [typed: string, completed: string][] => [
  ['labwright compl', 'labwright completion @'],
  ['labwright workflow sho', 'labwright workflow show @'],
  ['labwright workflow list --lim', 'labwright workflow list --limit @'],
  ['labwright queue position thermo', 'labwright queue position thermocycler-1 @'],
  ['labwright workflow list --device=thermo', 'labwright workflow list --device=thermocycler-1 @'],
  ['labwright chat dev', 'labwright chat device:@'],
  ['labwright chat send device:thermo', 'labwright chat send device:thermocycler-1 @'],
  [`labwright tasks show ${task.id.slice(0, 8)}`, `labwright tasks show ${task.id} @`],
  [`labwright tasks complete ${task.id} --set vol`, `labwright tasks complete ${task.id} --set volume=@`],
];

for (const shell of ['bash', 'zsh', 'fish'] as const)
  test(`Tab in ${shell}: commands, options, ids, fields and files`, {
    skip: hasTmux() && hasShell(shell) ? false : `tmux or ${shell} is not installed`,
  }, async () => {
    const window = await open(shell);
    try {
      await window.shows(/^\$/);
      await window.type(`${setups[shell].load}; echo loaded`);
      await window.press('Enter');
      await window.shows(/^loaded$/m);
      for (const [typed, completed] of cases()) {
        await completes(window, typed, new RegExp(`^\\$ ${escaped(completed)}$`, 'm'), { mark: '@' });
      }
      // Words of a file with blanks are quoted as the shell does it.
      await completes(
        window,
        'labwright samples import samp',
        /labwright samples import (samples\\ in\\ winter\.csv|'samples in winter\.csv')/,
      );
      // Several: with what each is for, where the shell shows that. Bash lists them at the second Tab alone.
      const listed = await completes(window, 'labwright book incubator-', /ncubator-1[\s\S]*ncubator-2/, {
        tabs: shell === 'bash' ? 2 : 1,
      });
      if (shell !== 'bash') assert.match(listed, /ncubator-1 .*available, Incubator 1/);
    } finally {
      await window.close();
    }
  });

/** Milliseconds until it is tried anew: where the laboratory does not answer in two seconds Tab offers nothing, and a person presses it again. */
const againMs = 15_000;

/** On an empty screen: types it, and presses Tab until the screen shows it, which is answered. `mark` is typed behind it. */
async function completes(
  window: TestTerminalWindow,
  typed: string,
  shown: RegExp,
  { mark = '', tabs = 1 } = {},
): Promise<string> {
  let pressedAt = Number.NEGATIVE_INFINITY;
  return eventually(`Tab behind "${typed}" shows ${shown}`, async () => {
    const screen = (await window.lines()).join('\n');
    if (pressedAt > 0 && shown.test(screen)) return screen;
    if (performance.now() - pressedAt < againMs) return undefined;
    pressedAt = performance.now();
    await window.press('C-c');
    await window.press('C-l');
    await window.type(typed);
    for (let tab = 0; tab < tabs; tab += 1) await window.press('Tab');
    if (mark) await window.type(mark);
    return undefined;
  });
}
