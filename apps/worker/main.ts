import { UsageError } from '@labwright/kernel/command-line';
import { ConfigError } from '@labwright/kernel/config';
import { exitCodes, explain } from '@labwright/kernel/process';
import { workerSettings } from './options.ts';
import { runWorker } from './run/run-worker.ts';
import { workerUsage } from './usage.ts';

/** One worker: what containers and supervisors start. */
const say = (text: string) => void process.stdout.write(text);
const args = process.argv.slice(2);
try {
  if (args.includes('--help')) {
    say(workerUsage);
    process.exit();
  }
  // A handler that went on after its job was handed back does not keep the process.
  process.exit(await runWorker(workerSettings(args), say));
} catch (error) {
  process.stderr.write(
    `${explain(error)}\n${error instanceof UsageError ? 'See npm run worker -- --help\n' : ''}`,
  );
  process.exit(
    error instanceof UsageError || error instanceof ConfigError ? exitCodes.usage : exitCodes.failed,
  );
}
