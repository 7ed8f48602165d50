import { duration, readArguments, UsageError } from '@labwright/kernel/command-line';

export interface LockRunOptions {
  key: string;
  waitMs: number;
  ttlMs: number;
  /** Where the locks are kept; without it the laboratory's own database. */
  url: string | undefined;
  command: [string, ...string[]];
}

export const lockArguments = {
  key: { type: 'string' },
  wait: { type: 'string', default: '0s' },
  ttl: { type: 'string', default: '15s' },
  url: { type: 'string' },
} as const;

/** Reads `--key KEY [--wait 2000s] [--ttl 15s] [--url URL] -- COMMAND …`. Throws `UsageError`. */
export function lockOptions(args: string[]): LockRunOptions {
  const end = args.indexOf('--');
  const [program, ...programArgs] = end === -1 ? [] : args.slice(end + 1);
  if (program === undefined)
    throw new UsageError('Which command is to run under the lock? Name it behind two dashes: -- COMMAND …');
  const { key, wait, ttl, url = process.env.LOCKS_URL || undefined } = parse(args.slice(0, end));
  if (!key || key.length > 255)
    throw new UsageError('--key takes the name of the lock, of 1 to 255 characters.');
  const ttlMs = duration('--ttl', ttl);
  if (ttlMs < 1_000) throw new UsageError(`--ttl must be at least 1s, not "${ttl}".`);
  if (url !== undefined && !/^(postgres(ql)?|rediss?):\/\//.test(url))
    throw new UsageError('The locks are kept in postgres://… or redis://… (--url or LOCKS_URL).');
  return { key, waitMs: duration('--wait', wait), ttlMs, url, command: [program, ...programArgs] };
}

const parse = (args: string[]) => readArguments({ args, options: lockArguments, strict: true }).values;
