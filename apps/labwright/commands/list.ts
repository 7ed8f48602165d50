import { UsageError, wholeNumber } from '@labwright/kernel/command-line';
import type { Terminal } from '../command-line/terminal.ts';
import { gather, pages } from '../lab/pages.ts';
import type { Service } from '../lab/service.ts';
import { type Column, tableText } from '../output/table.ts';
import { json } from '../output/words.ts';

/** Of lists that may be long. */
export const listOptions = {
  limit: { type: 'string', short: 'n', value: 'N', doc: 'at most so many (20)' },
  all: { type: 'boolean', doc: 'all that there are' },
} as const;

interface Listing<T> {
  service: Service;
  path: string;
  /** The member of the answer that has them. */
  key: string;
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  columns: readonly Column<T>[];
  /** What is told where there are none. */
  none: string;
}

interface ListValues {
  limit?: string | undefined;
  all?: boolean | undefined;
  json?: boolean | undefined;
}

/** A list as a table or as one array, and that there is more. Answers what it showed. Throws `UsageError`. */
export async function printList<T>(
  { service, path, key, query = {}, columns, none }: Listing<T>,
  values: ListValues,
  terminal: Terminal,
): Promise<readonly T[]> {
  const limit = wholeNumber('--limit', values.limit ?? '20', { minimum: 1, maximum: 1_000_000 });
  const atMost = values.all ? Infinity : limit + 1;
  const found = await gather(pages<T>(service, path, key, { query, atMost }));
  const shown = values.all ? found : found.slice(0, limit);
  if (values.json) terminal.say(json(shown));
  else if (shown.length === 0) terminal.tell(`${none}\n`);
  else terminal.say(tableText(columns, shown, terminal));
  if (found.length > shown.length && !values.json)
    terminal.tell(`There are more: -n ${limit * 5}, or --all.\n`);
  return shown;
}

/** One of these words, where one was given. Throws `UsageError`. */
export function oneOf<const T extends string>(
  what: string,
  text: string | undefined,
  words: readonly T[],
): T | undefined {
  const found = words.find((one) => one === text);
  if (text !== undefined && found === undefined)
    throw new UsageError(`${what} is one of ${words.join(', ')}, not "${text}".`);
  return found;
}
