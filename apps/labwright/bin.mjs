#!/usr/bin/env node
/**
 * `labwright`, once `npm install` or `npm link -w labwright` has put it on the path. Plain JavaScript, since it is to find the Node that this
 * project brings along, whatever Node starts it.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const ownNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
const main = join(here, 'main.ts');
const enough = Number(process.versions.node.split('.')[0]) >= 24;

if (enough) {
  await import(pathToFileURL(main).href);
} else if (!existsSync(ownNode)) {
  process.stderr.write(`This needs Node 24, which npm install brings along: run it in ${root}.\n`);
  process.exitCode = 1;
} else {
  const child = spawn(ownNode, [main, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node'), ...process.env },
  });
  // Ctrl-C reaches both of us; what comes to us alone is passed on. It ends in its own way, and we after it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      if (signal === 'SIGTERM' || !process.stdin.isTTY) child.kill(signal);
    });
  child.once('error', (error) => {
    process.stderr.write(`${ownNode} can't be run: ${error.message}\n`);
    process.exit(1);
  });
  child.once('close', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : (code ?? 1)));
}
