import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';

const lockFile = JSON.stringify({
  packages: { '': {}, 'node_modules/node': { version: '24.0.0', integrity: 'a' } },
});

/** An npm that installs from nowhere, counts how often, and says something that nobody wants to read. */
const npmScript = `
  const { appendFileSync, copyFileSync, existsSync, mkdirSync, symlinkSync } = require('node:fs');
  appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
  console.log('noise of npm');
  if (existsSync('broken')) process.exit(7);
  if (existsSync('incomplete') && process.argv[2] === 'ci') { console.error('npm error code EUSAGE'); process.exit(1); }
  mkdirSync('node_modules/node/bin', { recursive: true });
  if (!existsSync('node_modules/node/bin/node')) symlinkSync(process.execPath, 'node_modules/node/bin/node');
  copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
`;

/** A project with our script in it and nothing installed. */
function freshClone(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'labwright-with-node-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'scripts'));
  copyFileSync(join(import.meta.dirname, 'with-node.mjs'), join(root, 'scripts', 'with-node.mjs'));
  writeFileSync(join(root, 'package-lock.json'), lockFile);
  writeFileSync(join(root, 'npm-cli.js'), npmScript);
  return root;
}

function installedProject(t: TestContext): string {
  const root = freshClone(t);
  mkdirSync(join(root, 'node_modules', 'node', 'bin'), { recursive: true });
  symlinkSync(process.execPath, join(root, 'node_modules', 'node', 'bin', 'node'));
  writeFileSync(join(root, 'node_modules', '.package-lock.json'), lockFile);
  return root;
}

function launch(
  t: TestContext,
  root: string,
  args: string[],
  more: Record<string, string> = {},
): ChildProcess & { output: Promise<[string, string]> } {
  const child = spawn(process.execPath, [join(root, 'scripts', 'with-node.mjs'), ...args], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      npm_execpath: join(root, 'npm-cli.js'),
      npm_node_execpath: process.execPath,
      ...more,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => {
    child.kill('SIGKILL');
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  return Object.assign(child, { output });
}

async function runToEnd(t: TestContext, root: string, args: string[], more?: Record<string, string>) {
  const child = launch(t, root, args, more);
  const [[code, signal], [stdout, stderr]] = await Promise.all([once(child, 'close'), child.output]);
  return { code, signal, stdout, stderr };
}

const say = ['--eval', 'console.log(process.argv.slice(1).join(" "))', '--'];

test('a fresh clone is installed with one line of notice, and then the program runs', async (t) => {
  const root = freshClone(t);
  const first = await runToEnd(t, root, [...say, '--flag', 'a b']);
  assert.deepEqual([first.code, first.stdout], [0, '--flag a b\n']);
  assert.match(first.stderr, /^Installing[^\n]*\n$/);

  const second = await runToEnd(t, root, [...say, 'again']);
  assert.deepEqual(second, { code: 0, signal: null, stdout: 'again\n', stderr: '' });
  assert.equal(readFileSync(join(root, 'npm-calls'), 'utf8'), 'ci --include=dev\n');
});

test('what Node compiles is kept: where it is told to, and else with the packages', async (t) => {
  const root = installedProject(t);
  const tell = ['--print', 'process.env.NODE_COMPILE_CACHE'];
  const kept = join(root, 'node_modules', '.cache', 'node');
  const elsewhere = join(root, 'elsewhere');
  for (const [given, used] of [
    [undefined, kept],
    ['', kept],
    [elsewhere, elsewhere],
  ] as const) {
    const { stdout } = await runToEnd(
      t,
      root,
      tell,
      given === undefined ? {} : { NODE_COMPILE_CACHE: given },
    );
    assert.equal(stdout.trim(), used);
  }
});

test('a changed lock file is installed anew', async (t) => {
  const root = installedProject(t);
  writeFileSync(join(root, 'package-lock.json'), lockFile.replace('24.0.0', '24.1.0'));
  assert.match((await runToEnd(t, root, [...say, 'x'])).stderr, /^Installing/);
  assert.equal((await runToEnd(t, root, [...say, 'x'])).stderr, '');
});

test('a lock file that npm finds incomplete is installed as far as it goes', async (t) => {
  const root = freshClone(t);
  writeFileSync(join(root, 'incomplete'), '');
  const { code, stdout, stderr } = await runToEnd(t, root, [...say, 'x']);
  assert.deepEqual([code, stdout], [0, 'x\n']);
  assert.match(stderr, /^Installing[^\n]*\n$/);
  const calls = readFileSync(join(root, 'npm-calls'), 'utf8');
  assert.equal(calls, 'ci --include=dev\ninstall --no-save --include=dev\n');
});

test('of two starts at once only one installs, and a dead one does not block the next', async (t) => {
  const root = freshClone(t);
  mkdirSync(join(root, '.labwright'));
  const dead = spawn(process.execPath, ['--eval', '']);
  await once(dead, 'exit');
  writeFileSync(join(root, '.labwright', 'install.lock'), String(dead.pid));
  const both = await Promise.all([runToEnd(t, root, [...say, 'x']), runToEnd(t, root, [...say, 'x'])]);
  assert.deepEqual(
    both.map(({ code, stdout }) => [code, stdout]),
    [
      [0, 'x\n'],
      [0, 'x\n'],
    ],
  );
  assert.equal(readFileSync(join(root, 'npm-calls'), 'utf8'), 'ci --include=dev\n');
  assert.equal(existsSync(join(root, '.labwright', 'install.lock')), false);
});

test('an installation that fails shows what npm said, and what to do', async (t) => {
  const root = freshClone(t);
  writeFileSync(join(root, 'broken'), '');
  const { code, stderr } = await runToEnd(t, root, [...say, 'x']);
  assert.equal(code, 1);
  assert.match(stderr, /noise of npm[\s\S]*npm ci: exit code 7[\s\S]*run "npm ci" by hand/);
  assert.equal(existsSync(join(root, '.labwright', 'install.lock')), false);
});

test('exit codes and deadly signals of the program are ours', async (t) => {
  const root = installedProject(t);
  assert.equal((await runToEnd(t, root, ['--eval', 'process.exit(7)'])).code, 7);
  const killed = await runToEnd(t, root, ['--eval', 'process.kill(process.pid, "SIGKILL")']);
  assert.equal(killed.signal, 'SIGKILL');
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} is passed on once, and the program may finish its own way`, async (t) => {
    const root = installedProject(t);
    const program = `
      process.on('${signal}', () => { console.log('stopping'); setImmediate(() => process.exit(3)); });
      setInterval(() => {}, 60_000);
      console.log('ready');
    `;
    const child = launch(t, root, ['--eval', program]);
    assert.ok(child.stdout);
    await once(child.stdout, 'data');
    child.kill(signal);
    const [[code], [stdout]] = await Promise.all([once(child, 'close'), child.output]);
    assert.deepEqual([code, stdout], [3, 'ready\nstopping\n']);
  });
}

test('the program is ended when the shell between npm and us is', {
  skip: process.platform === 'win32',
}, async (t) => {
  const root = installedProject(t);
  const program = `
    process.on('SIGTERM', () => { console.log('stopping'); process.exit(); });
    setInterval(() => {}, 60_000);
    console.log('ready');
  `;
  const command = '"$0" scripts/with-node.mjs --eval "$1"; true';
  const shell = spawn('sh', ['-c', command, process.execPath, program], {
    cwd: root,
    env: { PATH: process.env.PATH, npm_lifecycle_event: 'start' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const output = text(shell.stdout);
  await once(shell.stdout, 'data');
  shell.kill('SIGTERM');
  assert.equal(await output, 'ready\nstopping\n');
});
