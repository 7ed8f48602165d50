/** The command line as a person has it before them: a laboratory of `labwright up`, and a bash in a real terminal. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { compileCache, freePort, spawnScript, type TestProcess } from '@labwright/kernel/testing';
import { hasTmux, openWindow, type TestTerminalWindow } from './testing/tmux.ts';

const main = import.meta.resolve('./main.ts');
const skip = hasTmux() ? false : 'tmux is not installed';
let folder: string;
let env: Record<string, string>;
let devices: string;
let lab: TestProcess | undefined;
let window: TestTerminalWindow;

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), 'labwright-terminal-'));
  const [device, workflow, hub] = await Promise.all([freePort(), freePort(), freePort()]);
  env = {
    LABWRIGHT_HOME: join(folder, 'home'),
    DEVICE_SERVICE_PORT: String(device),
    WORKFLOW_SERVICE_PORT: String(workflow),
    HUB_SERVICE_PORT: String(hub),
  };
  devices = `http://localhost:${device}`;
  await start();
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await symlink(resolve(import.meta.dirname, 'bin.mjs'), join(bin, 'labwright'));
});

beforeEach(async () => {
  if (skip) return;
  window = await openWindow({
    columns: 100,
    rows: 30,
    folder,
    env: {
      ...env,
      HOME: folder,
      LANG: 'C.UTF-8',
      PATH: `${join(folder, 'bin')}:${dirname(process.execPath)}:${process.env.PATH}`,
      NODE_COMPILE_CACHE: compileCache,
    },
  });
  await window.shows(/^\$/);
});

afterEach(() => window?.close());

after(async () => {
  if (skip) return;
  await lab?.kill('SIGINT');
  const pidFile = join(folder, 'home', 'postgres', 'data', 'postmaster.pid');
  if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, 'utf8').split('\n')[0]), 'SIGINT');
  await rm(folder, { recursive: true, force: true });
});

async function start() {
  lab = spawnScript(main, env, { args: ['up'] });
  await lab.wrote(/Ctrl-C stops everything/);
}

const post = async (path: string, body: object) => {
  const headers = { 'content-type': 'application/json' };
  assert.ok((await fetch(devices + path, { method: 'POST', headers, body: JSON.stringify(body) })).ok, path);
};

/** Types a command, and waits for what it is to show. */
async function enter(command: string, shown: RegExp): Promise<string> {
  await window.type(command);
  await window.press('Enter');
  return window.shows(shown);
}

/** The shell is back as it was: its own screen, with a cursor, and what is typed is seen. */
async function isClean(code: number) {
  await window.shows(/\n\$\s*$/);
  await enter('echo "ended with $?"', new RegExp(`^ended with ${code}$`, 'm'));
  const screen = (await window.lines()).join('\n');
  assert.match(screen, /^remember\n\$ /m);
  assert.match(screen, /^\$ echo "ended with \$\?"$/m);
  assert.doesNotMatch(screen, /Tab next list/);
  assert.deepEqual(await window.facts('alternate_on', 'cursor_flag'), ['0', '1']);
}

async function openWatch(command = 'labwright watch') {
  await enter('clear; echo remember', /^remember$/m);
  await enter(command, /q quit/);
  await window.shows(/liquid-handler-1 +available/);
}

test('watch draws the laboratory, live, and q leaves the screen as it was', { skip }, async () => {
  await openWatch();
  assert.deepEqual(await window.facts('alternate_on', 'cursor_flag'), ['1', '0']);
  await post('/devices/incubator-1/book', { workflow_id: 'by-hand' });
  await window.shows(/incubator-1 +busy/);
  await post('/devices/incubator-1/queue', { workflow_id: 'patient', priority: 'urgent' });
  await window.shows(/Queues +1 waiting[\s\S]*incubator-1 +1 +urgent/);
  await post('/devices/incubator-1/withdraw', { workflow_id: 'patient' });
  await post('/devices/incubator-1/release', { workflow_id: 'by-hand' });
  await window.shows(/incubator-1 +available/);
  await window.press('q');
  await isClean(0);
});

test('watch fits the terminal whenever it is resized, and scrolls', { skip }, async () => {
  await openWatch();
  for (const [columns, rows] of [
    [60, 16],
    [140, 45],
    [40, 10],
    [100, 30],
  ] as const) {
    await window.resize(columns, rows);
    const shown = await window.shows(new RegExp(`^ Labwright.*\\n(?:.*\\n){${rows - 2}} q quit`));
    const lines = shown.split('\n');
    assert.equal(lines.filter((line) => line.includes('q quit')).length, 1);
    assert.equal(lines.filter((line) => /^. Devices/.test(line)).length, 1, shown);
  }
  await window.resize(80, 10);
  await window.shows(/▸ Devices[^\n]*1–\d of \d+/);
  await window.press('Down');
  await window.shows(/▸ Devices[^\n]*2–\d/);
  await window.press('End');
  await window.press('Tab');
  await window.shows(/▸ Workflows/);
  await window.press('q');
  await isClean(0);
});

test('watch keeps what it saw when the laboratory goes away, and goes on when it is back', {
  skip,
}, async () => {
  await openWatch();
  await lab?.kill('SIGINT');
  await window.shows(/as of \d\d:\d\d:\d\d: \S+-service cannot be reached/);
  await window.shows(/liquid-handler-1 +available/);
  await start();
  await window.hides(/cannot be reached/);
  await window.press('C-c');
  await isClean(0);
});

test('watch that is ended by a signal, or suspended, leaves the screen clean', { skip }, async () => {
  await openWatch("sh -c 'echo $$ > pid; exec labwright watch'");
  process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 'SIGTERM');
  await isClean(143);
  await openWatch();
  await window.press('C-z');
  await window.shows(/Stopped/);
  assert.deepEqual(await window.facts('alternate_on', 'cursor_flag'), ['0', '1']);
  await enter('fg', /q quit/);
  await window.press('q');
  await isClean(0);
});

test('watch where nobody answers: a sentence on the screen of the shell, and 4', { skip }, async () => {
  const port = await freePort();
  await enter('clear; echo remember', /^remember$/m);
  await enter(`labwright watch --device-url http://localhost:${port}`, /device-service cannot be reached/);
  await isClean(4);
});

test('a workflow is made, started and followed in place', { skip }, async () => {
  await enter(
    "clear; labwright workflow create --name 'In place' --device plate-reader-1 --step plate_read --step plate_read --start --auto --watch; echo over",
    /^over$/m,
  );
  const screen = (await window.lines()).join('\n');
  assert.match(screen, /^In place {2}completed {2}plate-reader-1, 2\/2 steps$/m);
  assert.equal(screen.match(/^In place/gm)?.length, 1, screen);
});

test('a pipe that is closed early is nothing to complain about', { skip }, async () => {
  await enter(
    'clear; labwright logs --format ndjson | head -n 1 | cut -c 1-6; echo "first: $PIPESTATUS"',
    /^\{"id":\nfirst: 0$/m,
  );
});

test('Tab completes commands, options, and what the laboratory has', { skip }, async () => {
  await enter('clear; eval "$(labwright completion bash)"; echo loaded', /^loaded$/m);
  for (const [typed, completed] of [
    ['labwright compl', 'labwright completion'],
    ['labwright workflow sho', 'labwright workflow show'],
    ['labwright workflow list --dev', 'labwright workflow list --device'],
    ['labwright book liquid-handler-1', 'labwright book liquid-handler-1'],
    ['labwright book plate-reader-1', 'labwright book plate-reader-1'],
    ['labwright workflow list --device=incubator-1', 'labwright workflow list --device=incubator-1'],
    ['labwright queue position thermo', 'labwright queue position thermocycler-1'],
  ] as const) {
    await window.press('C-u', 'C-l');
    await window.type(typed);
    await window.press('Tab');
    await window.shows(new RegExp(`^\\$ ${completed}$`, 'm'));
  }
  await window.press('C-u', 'C-l');
  await window.type('labwright devices m');
  await window.press('Tab');
  await window.shows(/^\$ labwright devices maintenance$/m);
  await window.press('C-u', 'C-l');
  await window.type('labwright book incubator-');
  await window.press('Tab', 'Tab');
  await window.shows(/incubator-1 +incubator-2/);
});
