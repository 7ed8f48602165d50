import type { Service } from './service.ts';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;
type Page<K extends string, T> = { [key in K]: T[] } & { next_cursor: string | null };

/** All that a list has, page by page; `atMost` ends it earlier. */
export async function* pages<T, K extends string = string>(
  service: Service,
  path: string,
  key: K,
  {
    query = {},
    atMost = Infinity,
    signal,
  }: { query?: Query; atMost?: number; signal?: AbortSignal | undefined } = {},
): AsyncGenerator<T> {
  let left = atMost;
  let cursor: string | undefined;
  while (left > 0) {
    const page: Page<K, T> = await service.get(path, {
      query: { ...query, limit: Math.min(100, left), cursor },
      signal,
    });
    for (const one of page[key].slice(0, left)) yield one;
    left -= page[key].length;
    if (!page.next_cursor) return;
    cursor = page.next_cursor;
  }
}

/** The same, gathered: only for what is few by nature, or with `atMost`. */
export async function gather<T>(all: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of all) found.push(one);
  return found;
}
