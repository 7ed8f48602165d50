import type { paths } from '@labwright/client/openapi/device-service';

/** One entry of an audit trail; the same in all services. */
export type Entry =
  paths['/audit']['get']['responses'][200]['content']['application/json']['entries'][number];
export type EntryPage = paths['/audit']['get']['responses'][200]['content']['application/json'];

/** A person on whose behalf the system did something. */
export function behalfOf(entry: Pick<Entry, 'on_behalf_of'>): string | null {
  const given = entry.on_behalf_of;
  if (typeof given !== 'object' || given === null) return null;
  const { id, name } = given as Record<string, unknown>;
  return typeof name === 'string' ? name : typeof id === 'string' ? id : null;
}

/** An electronic signature, as far as a page tells of it. */
export interface Signed {
  name: string;
  meaning: string;
  signed_at: string | null;
}

export function signatureOf(entry: Pick<Entry, 'signature'>): Signed | null {
  const given = entry.signature;
  if (typeof given !== 'object' || given === null) return null;
  const { name, meaning, signed_at } = given as Record<string, unknown>;
  return {
    name: typeof name === 'string' ? name : 'somebody',
    meaning: typeof meaning === 'string' ? meaning : 'signed',
    signed_at: typeof signed_at === 'string' ? signed_at : null,
  };
}
