import { ConfigError } from '@labwright/kernel/config';
import { exitCodes, explain, runProcess } from '@labwright/kernel/process';
import { demo } from './demo.ts';
import { lockRun } from './lock/run.ts';
import { readUpSettings } from './settings.ts';
import { up } from './up.ts';
import { UsageError, usage } from './usage.ts';

const say = (text: string) => void process.stdout.write(text);
const [command = 'help', ...args] = process.argv.slice(2);

try {
  switch (command) {
    case 'up':
      if (args.length > 0)
        throw new UsageError(`"up" takes no arguments; settings come from the environment.`);
      await runProcess('Labwright', () => up(readUpSettings(), say));
      break;
    case 'demo':
      await demo(args, say);
      break;
    case 'lock':
      process.exitCode = await lockRun(args, (text) => void process.stderr.write(text));
      // Signals are listened to for the command; nothing else is left to do.
      process.exit();
      break;
    case 'help':
    case '--help':
    case '-h':
      say(usage);
      break;
    default:
      throw new UsageError(`There is no command "${command}".`);
  }
} catch (error) {
  const wrongUse = error instanceof UsageError || error instanceof ConfigError;
  process.stderr.write(`${explain(error)}\n${error instanceof UsageError ? `\n${usage}` : ''}`);
  process.exitCode = wrongUse ? exitCodes.usage : exitCodes.failed;
}
