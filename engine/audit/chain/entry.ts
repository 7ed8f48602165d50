import { createHash } from 'node:crypto';
import { nullable } from '@labwright/kernel/http/schemas';
import Type, { type Static } from 'typebox';

/** A sealed entry as it stands in the table; JSON columns as the text that they are. */
export const EntryRow = Type.Object({
  seq: Type.String(),
  id: Type.String(),
  at: Type.String(),
  sealed_at: Type.String(),
  actor_id: Type.String(),
  actor_kind: nullable(Type.String()),
  actor_name: nullable(Type.String()),
  actor_role: nullable(Type.String()),
  on_behalf_of: nullable(Type.String()),
  action: Type.String(),
  subject: Type.String(),
  reason: nullable(Type.String()),
  before: nullable(Type.String()),
  after: nullable(Type.String()),
  signature: nullable(Type.String()),
  request_id: nullable(Type.String()),
  trace_id: nullable(Type.String()),
  prev: Type.String(),
  hash: Type.String(),
});
export type EntryRow = Static<typeof EntryRow>;

export const entryColumns = `seq, id, at, sealed_at, actor_id, actor_kind, actor_name, actor_role, on_behalf_of::text AS on_behalf_of,
  action, subject, reason, before::text AS before, after::text AS after, signature::text AS signature, request_id, trace_id, prev, hash`;

/** What comes before the first entry of a chain. */
export const genesisOf = (chain: string): string => sha256(`{"chain":${JSON.stringify(chain)}}`);

/**
 * The hash of an entry: SHA-256 over the RFC 8785 form of an object with all its fields, that of the entry before (`prev`) and
 * the chain among them. JSON columns are canonical already and go in as the text that is stored: an edit that means the
 * same is an edit.
 */
export function hashOf(chain: string, entry: Omit<EntryRow, 'hash'>): string {
  const text = (value: string | null) => (value === null ? 'null' : JSON.stringify(value));
  // Nothing is NULL, never the JSON text `null`: who writes that instead has made an edit.
  const json = (value: string | null) => (value === null ? 'null' : value === 'null' ? '' : value);
  // In the order of the names.
  return sha256(
    `{"action":${text(entry.action)},"actor":{"id":${text(entry.actor_id)},"kind":${text(entry.actor_kind)},"name":${text(entry.actor_name)},"role":${text(entry.actor_role)}},` +
      `"after":${json(entry.after)},"at":${text(entry.at)},"before":${json(entry.before)},"chain":${text(chain)},"id":${text(entry.id)},` +
      `"on_behalf_of":${json(entry.on_behalf_of)},"prev":${text(entry.prev)},"reason":${text(entry.reason)},"request_id":${text(entry.request_id)},` +
      `"sealed_at":${text(entry.sealed_at)},"seq":${text(entry.seq)},"signature":${json(entry.signature)},"subject":${text(entry.subject)},"trace_id":${text(entry.trace_id)}}`,
  );
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
