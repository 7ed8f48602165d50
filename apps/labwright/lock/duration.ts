import { UsageError } from '../usage.ts';

const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `500ms`, `15s`, `5m`, `2h` or `1d`; a number alone is in seconds. Throws `UsageError`. */
export function duration(option: string, text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  const factor = units[unit];
  if (number === undefined || factor === undefined)
    throw new UsageError(`${option} takes a time like 500ms, 15s, 5m or 2h, not "${text}".`);
  return Number(number) * factor;
}
