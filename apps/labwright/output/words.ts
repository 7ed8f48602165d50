import type { Terminal } from '../command-line/terminal.ts';

/** The state of a thing, in the colour that it has everywhere. */
export function statusStyle({ style }: Pick<Terminal, 'style'>, status: string): (text: string) => string {
  const format = colours.get(status);
  return (text) => (format ? style(format, text) : text);
}

const colours = new Map<string, 'green' | 'yellow' | 'red' | 'cyan' | 'magenta' | 'dim'>([
  ['available', 'green'],
  ['active', 'green'],
  ['completed', 'green'],
  ['succeeded', 'green'],
  ['ready', 'green'],
  ['running', 'cyan'],
  ['in_progress', 'cyan'],
  ['busy', 'cyan'],
  ['open', 'yellow'],
  ['queued', 'yellow'],
  ['paused', 'yellow'],
  ['waiting', 'yellow'],
  ['urgent', 'yellow'],
  ['invited', 'yellow'],
  ['expected', 'yellow'],
  ['received', 'yellow'],
  ['maintenance', 'magenta'],
  ['unknown', 'magenta'],
  ['failed', 'red'],
  ['dead', 'red'],
  ['locked', 'red'],
  ['rejected', 'red'],
  ['away', 'red'],
  ['not ready', 'red'],
  ['cancelled', 'dim'],
  ['revoked', 'dim'],
  ['expired', 'dim'],
  ['deleted', 'dim'],
  ['skipped', 'dim'],
  ['pending', 'dim'],
  ['created', 'dim'],
  ['low', 'dim'],
]);

const steps = [
  { below: 60, unit: 's', size: 1 },
  { below: 3_600, unit: 'min', size: 60 },
  { below: 86_400 * 2, unit: 'h', size: 3_600 },
  { below: Infinity, unit: 'd', size: 86_400 },
] as const;

/** `4 s`, `12 min`, `3 h`, `5 d`: as people say it. */
export function span(seconds: number): string {
  const { unit, size } = steps.find(({ below }) => seconds < below) ?? steps[3];
  const value = seconds / size;
  return `${value < 10 && size > 1 ? Number(value.toFixed(1)) : Math.round(value)} ${unit}`;
}

/** How long ago a time was. */
export const ago = (iso: string, now: number): string =>
  `${span(Math.max(0, now - Date.parse(iso)) / 1_000)} ago`;

/** Local time, to the second: `2026-03-01 14:05:09`. */
export function clockTime(iso: string): string {
  const at = new Date(iso);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number.toLocaleString('en')} ${number === 1 ? one : many}`;

/** How long something took: `340 ms`, `4.2 s`, `12 s`. */
export const took = (milliseconds: number): string =>
  milliseconds < 1_000
    ? `${Math.round(milliseconds)} ms`
    : milliseconds < 9_950
      ? `${Number((milliseconds / 1_000).toFixed(1))} s`
      : span(milliseconds / 1_000);

/** The members of an object in a line; of what is nested only how much it is: `mean 1.129, values {96}`. */
export const briefly = (values: Record<string, unknown>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${brief(value)}`)
    .join(', ');

function brief(value: unknown): string {
  if (Array.isArray(value)) return `[${value.length}]`;
  if (typeof value === 'object' && value !== null) return `{${Object.keys(value).length}}`;
  return String(value);
}

/** As JSON for programs: the members of the service's own answers. */
export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
