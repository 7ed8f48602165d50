/**
 * `npm start`: the laboratory, and beside it its pages, where they are missing or older than their sources. The laboratory does
 * not wait for them, and runs without them where they can't be built.
 */
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

const build = spawn(
  process.execPath,
  [fileURLToPath(import.meta.resolve('../apps/web/build/main.ts')), '--if-stale'],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
build.on('error', (error) => void process.stderr.write(`The pages can't be built: ${error.message}\n`));
if (build.pid !== undefined) setPriority(build.pid, constants.priority.PRIORITY_LOW);
build.unref();
process.on('exit', () => build.kill());

process.argv.splice(2, 0, 'up');
await import('../apps/labwright/main.ts');
