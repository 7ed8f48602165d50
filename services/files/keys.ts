import type { Place } from './store.ts';

const form =
  /^(incoming|kept)\/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})((?:\.[a-z0-9]{1,32}){0,2})$/;

/** The one shape that a key has, in every store: no other reaches a path or a bucket. Undefined for anything else. */
export function parseKey(key: string): { place: Place; id: string; suffix: string } | undefined {
  const [, place, id, suffix = ''] = form.exec(key) ?? [];
  return place && id ? { place: place as Place, id, suffix } : undefined;
}

/** Throws for what is no id: a mistake of ours, for ids of requests are checked before. */
export function keyOf(place: Place, id: string): string {
  const key = `${place}/${id}`;
  if (!parseKey(key)) throw new Error(`"${id.slice(0, 100)}" is no id of a file.`);
  return key;
}
