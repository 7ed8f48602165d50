/** `labwright scale` alone, for tests: the arguments are its own. */
import { UsageError } from '@labwright/kernel/command-line';
import { explain } from '@labwright/kernel/process';
import { scale } from '../index.ts';

if (process.argv.length > 2) {
  try {
    process.exit(await scale(process.argv.slice(2), (text) => void process.stdout.write(text)));
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(error instanceof UsageError ? 2 : 1);
  }
}
