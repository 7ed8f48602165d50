/**
 * `node scripts/with-node.mjs <file> [arguments]` runs a file with the Node that this project brings along,
 * and first installs the packages where they are missing or older than package-lock.json. It is what a fresh
 * clone runs first, so it is plain JavaScript, needs nothing installed, and works on Node 20.
 *
 * Signals: Ctrl-C in a terminal reaches us and the program at the same time, so we wait for the program to
 * finish its own way. Without a terminal a signal comes to us alone, from npm or a supervisor, and is passed on.
 * And where npm is ended, only its shell hears of it: we notice that the shell is gone, and end the program.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const ownNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const lockFile = join(root, '.labwright', 'install.lock');
const keptOutput = 200_000;
const shellIsWatchedEveryMs = 250;
const installTakesAtMostMs = 15 * 60_000;

/** @type {import('node:child_process').ChildProcess | undefined} */
let running;
/** @type {NodeJS.Signals | undefined} */
let interruptedBy;
const inTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
const handlers = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
  const handler = () => {
    interruptedBy = signal;
    const theirsToo = inTerminal && signal !== 'SIGTERM';
    if (!theirsToo) running?.kill(signal);
  };
  process.on(signal, handler);
  return { signal, handler };
});
endWithShell();

try {
  await installIfNeeded();
  endLike(await run(ownNode, process.argv.slice(2), 'inherit'));
} catch (error) {
  if (!interruptedBy) process.stderr.write(`${error.message}\n`);
  endLike({ code: 1, signal: interruptedBy ?? null });
}

/** Only under npm is our parent a shell that lives just for us: elsewhere it may go while we are to stay. */
function endWithShell() {
  if (!process.env.npm_lifecycle_event || process.platform === 'win32') return;
  const shell = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(watch);
    if (interruptedBy) return;
    interruptedBy = 'SIGTERM';
    running?.kill('SIGTERM');
  }, shellIsWatchedEveryMs).unref();
}

async function installIfNeeded() {
  if (isInstalled()) return;
  await lock();
  try {
    // Another start may have installed everything while we waited.
    if (!isInstalled()) await install();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

/**
 * Whether every package is there in the version that package-lock.json names. Times of files would be
 * misleading: changing branches to and fro renews them. Optional packages may be missing, as those for
 * other platforms always are.
 */
function isInstalled() {
  if (!existsSync(ownNode)) return false;
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted) throw new Error(`${join(root, 'package-lock.json')} is missing or damaged.`);
  if (!installed) return false;
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (path === '') return true;
    const found = installed[path];
    if (!found) return optional === true;
    return found.version === version && found.integrity === integrity;
  });
}

/** @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }> | undefined} */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** Waits until no other start installs, and makes the others wait for us. */
async function lock() {
  mkdirSync(dirname(lockFile), { recursive: true });
  for (let waited = false; ; waited = true) {
    if (interruptedBy) throw new Error('Interrupted.');
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx' });
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = readLock();
    if (!holder) continue;
    if (holder.dead) takeAway(holder.text);
    else {
      if (!waited)
        process.stderr.write(`Waiting for the process ${holder.text}, which is installing the packages…\n`);
      await delay(200);
    }
  }
}

function readLock() {
  try {
    const text = readFileSync(lockFile, 'utf8');
    const age = Date.now() - statSync(lockFile).mtimeMs;
    const justMade = text === '' && age < 2000;
    return { text, dead: !justMade && (age > installTakesAtMostMs || !isAlive(Number(text))) };
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid) {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Removes the lock of a dead process, and puts back what turns out to be somebody's fresh one. */
function takeAway(deadText) {
  const aside = `${lockFile}.${process.pid}`;
  try {
    renameSync(lockFile, aside);
    if (readFileSync(aside, 'utf8') !== deadText) linkSync(aside, lockFile);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/**
 * `npm ci` refuses a lock file that does not list every optional package of every platform, and what is listed
 * depends on where the file was made. `npm install --no-save` takes the same versions and changes no file.
 */
async function install() {
  process.stderr.write('Installing the packages that package-lock.json names: once, a minute or two…\n');
  let command = 'npm ci';
  let result = await run(...npm(['ci', '--include=dev']), 'pipe');
  if (result.code !== 0 && /\bEUSAGE\b/.test(result.output)) {
    command = 'npm install';
    result = await run(...npm(['install', '--no-save', '--include=dev']), 'pipe');
  }
  // What npm itself calls done is good enough to go on with.
  if (result.code === 0 && existsSync(ownNode)) return;
  const ending = result.signal ?? `exit code ${result.code}`;
  throw new Error(
    `${result.output.trim()}\n\nThe packages could not be installed (${command}: ${ending}); what npm said is ` +
      `above. Mend the cause and start again, or run "${command}" by hand.`,
  );
}

/** The npm that started us, run by the Node that runs it; else the one on the path. */
function npm(args) {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  if (script && /npm-cli\.c?js$/.test(script)) return [node || process.execPath, [script, ...args]];
  return process.platform === 'win32' ? ['cmd.exe', ['/c', 'npm', ...args]] : ['npm', args];
}

/**
 * Runs a program to its end. `inherit` gives it our input and output; `pipe` gathers the last of its output.
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null, output: string }>}
 */
function run(file, args, stdio) {
  return new Promise((resolve, reject) => {
    const options =
      stdio === 'pipe'
        ? { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] }
        : // Stripped and compiled once, then read back: the start takes half the time.
          {
            stdio,
            env: {
              ...process.env,
              NODE_COMPILE_CACHE:
                // Set to nothing, it would be off; who wants that says NODE_DISABLE_COMPILE_CACHE=1.
                process.env.NODE_COMPILE_CACHE || join(root, 'node_modules', '.cache', 'node'),
            },
          };
    const child = spawn(file, args, options);
    running = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output = (output + text).slice(-keptOutput);
      });
    }
    child.once('error', (error) => reject(new Error(`${file} can't be run: ${error.message}`)));
    child.once('close', (code, signal) => {
      running = undefined;
      resolve({ code, signal, output });
    });
  });
}

/** Ends this process just as that one ended, by the same signal or with the same code. */
function endLike({ code, signal }) {
  if (!signal) process.exit(code ?? 1);
  for (const { signal: name, handler } of handlers) process.off(name, handler);
  process.kill(process.pid, signal);
  // A signal takes effect a moment later; where it has none, the code says the same.
  setTimeout(() => process.exit(128 + constants.signals[signal]), 200);
}
