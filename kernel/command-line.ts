import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The command line was not understood; the message says what is wrong with it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** `parseArgs` of Node, strict, whose complaints are `UsageError`s. */
export function readArguments<const T extends ParseArgsConfig>(config: T) {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What a timer can wait for; beyond that it fires at once. */
const longestMs = 2 ** 31 - 1;

/** Milliseconds of `500ms`, `15s`, `5m`, `2h` or `1d`; a number alone is in seconds. Throws `UsageError`. */
export function duration(option: string, text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  const factor = units[unit];
  if (number === undefined || factor === undefined)
    throw new UsageError(`${option} takes a time like 500ms, 15s, 5m or 2h, not "${text}".`);
  const ms = Number(number) * factor;
  if (ms > longestMs) throw new UsageError(`${option} takes at most 24d, not "${text}".`);
  return ms;
}

/** A whole number within bounds. Throws `UsageError`. */
export function wholeNumber(
  option: string,
  text: string,
  { minimum, maximum }: { minimum: number; maximum: number },
): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < minimum || number > maximum)
    throw new UsageError(`${option} takes a whole number from ${minimum} to ${maximum}, not "${text}".`);
  return number;
}
