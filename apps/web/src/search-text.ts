import type { SearchValues } from './ui/use-filters.ts';

/** Addresses as people write them: `?status=running&status=queued`, every value a text. */
export function parseSearch(text: string): Record<string, string | string[]> {
  const search: Record<string, string | string[]> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const before = search[name];
    search[name] = before === undefined ? value : [before, value].flat();
  }
  return search;
}

export function stringifySearch(search: SearchValues): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search))
    for (const each of [value ?? []].flat()) if (each !== '') params.append(name, String(each));
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}
