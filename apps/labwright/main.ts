import { runCommandLine } from './command-line/run.ts';
import { openTerminal } from './command-line/terminal.ts';
import { commandTable } from './commands/index.ts';

const args = process.argv.slice(2);
// Also for what is printed by parts that know nothing of this terminal.
if (args.includes('--no-color')) process.env.NO_COLOR = '1';

for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read us has seen enough: `labwright logs | head`.
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });

const { env, stdin, stdout, stderr } = process;
const code = await runCommandLine(commandTable, args, openTerminal({ env, stdin, stdout, stderr }));
if (code !== undefined) process.exitCode = code;
