import { parseArgs } from 'node:util';
import { UsageError } from '../usage.ts';
import { duration } from './duration.ts';

export interface LockRunOptions {
  key: string;
  waitMs: number;
  ttlMs: number;
  /** Where the locks are kept; without it the laboratory's own database. */
  url: string | undefined;
  command: [string, ...string[]];
}

/** Reads `run --key KEY [--wait 2000s] [--ttl 15s] [--url URL] -- COMMAND …`. Throws `UsageError`. */
export function lockOptions(args: string[]): LockRunOptions {
  const [verb, ...rest] = args;
  if (verb !== 'run') throw new UsageError(`"lock" does one thing: lock run --key KEY -- COMMAND …`);
  const end = rest.indexOf('--');
  const [program, ...programArgs] = end === -1 ? [] : rest.slice(end + 1);
  if (program === undefined)
    throw new UsageError('Which command is to run under the lock? Name it behind two dashes: -- COMMAND …');
  const { key, wait, ttl, url = process.env.LOCKS_URL || undefined } = parse(rest.slice(0, end));
  if (!key || key.length > 255)
    throw new UsageError('--key takes the name of the lock, of 1 to 255 characters.');
  const ttlMs = duration('--ttl', ttl);
  if (ttlMs < 1_000) throw new UsageError(`--ttl must be at least 1s, not "${ttl}".`);
  if (url !== undefined && !/^(postgres(ql)?|rediss?):\/\//.test(url))
    throw new UsageError('The locks are kept in postgres://… or redis://… (--url or LOCKS_URL).');
  return { key, waitMs: duration('--wait', wait), ttlMs, url, command: [program, ...programArgs] };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        key: { type: 'string' },
        wait: { type: 'string', default: '0s' },
        ttl: { type: 'string', default: '15s' },
        url: { type: 'string' },
      },
      strict: true,
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
