import type { Queryable } from '@labwright/kernel/db';
import { NextCursor, nullable, Timestamp } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { EntryRow, entryColumns } from '../chain/entry.ts';
import { auditErrors } from '../errors.ts';

const AuditEntry = Type.Object(
  {
    seq: Type.String({ description: 'Without gaps, from 1.' }),
    at: { ...Timestamp, description: 'When it was done.' },
    sealed_at: { ...Timestamp, description: 'When it was chained, at once as a rule.' },
    actor: Type.Object({
      id: Type.String(),
      kind: nullable(Type.String()),
      name: nullable(Type.String({ description: 'At that time.' })),
      role: nullable(Type.String()),
    }),
    on_behalf_of: Type.Unknown({ description: 'Who caused what the system did: `{id, name}` or null.' }),
    action: Type.String(),
    subject: Type.String(),
    reason: nullable(Type.String()),
    before: Type.Unknown(),
    after: Type.Unknown(),
    signature: Type.Unknown({ description: 'The electronic signature, or null.' }),
    request_id: nullable(Type.String()),
    trace_id: nullable(Type.String()),
    prev: Type.String({ description: 'The hash of the entry before.' }),
    hash: Type.String(),
  },
  { title: 'AuditEntry' },
);
type AuditEntry = Static<typeof AuditEntry>;

export const AuditPage = Type.Object(
  { entries: Type.Array(AuditEntry), next_cursor: NextCursor },
  { title: 'AuditPage' },
);

/** Which entries a page looks at: `from` to `to` are numbers of entries. */
const Walk = Type.Object({
  found: Type.Array(Type.String()),
  walked: Type.Integer(),
  end: nullable(Type.String()),
});

/**
 * Walks one index from $1 down, `seq` of $2 and above, at most $3 entries, and answers those that fit the other filters. However few
 * of them there are, a page costs no more than that.
 */
const walk = (name: string, where: string) =>
  rows(
    `audit.list_${name}`,
    Walk,
    `WITH walked AS MATERIALIZED (
       SELECT seq, actor_id, subject, action FROM audit_entries
       WHERE seq < $1::bigint AND seq >= $2::bigint AND ${where}
       ORDER BY seq DESC LIMIT $3)
     SELECT coalesce(array_agg(seq::text ORDER BY seq DESC) FILTER (
              WHERE subject = coalesce($4, subject) AND actor_id = coalesce($5, actor_id) AND action = coalesce($6, action)), '{}') AS found,
            count(*)::int AS walked, min(seq)::text AS end
     FROM walked`,
  );

/** By the filter that as a rule leaves the fewest. Indexes: audit_entries_by_subject, …_by_actor, …_by_action, the primary key. */
const walks = {
  subject: walk('by_subject', 'subject = $4'),
  actor: walk('by_actor', 'actor_id = $5'),
  action: walk('by_action', 'action = $6'),
  all: walk('all', 'true'),
};

const entriesOf = rows(
  'audit.entries_by_seq',
  EntryRow,
  `SELECT ${entryColumns} FROM audit_entries WHERE seq = ANY ($1::bigint[]) ORDER BY seq DESC`,
);

/** Index: audit_entries_by_time. */
const firstSince = rows(
  'audit.first_since',
  Type.Object({ seq: Type.String() }),
  'SELECT seq FROM audit_entries WHERE sealed_at >= $1::timestamptz ORDER BY sealed_at, seq LIMIT 1',
);

const highest = String(2n ** 63n - 1n);
/** Entries that one page may look at where filters leave few of them. */
const mostWalked = 2_000;

export interface AuditQuery {
  actor?: string;
  subject?: string;
  action?: string;
  /** ISO 8601; by when it was sealed: from, and before. */
  from?: string;
  to?: string;
  limit: number;
  cursor?: string;
}

/** Newest first. A page may hold fewer than `limit`; `next_cursor` tells whether more follow. Throws `invalid_cursor`. */
export async function listAudit(db: Queryable, query: AuditQuery): Promise<Static<typeof AuditPage>> {
  const { actor = null, subject = null, action = null, limit, cursor } = query;
  const [from, to] = await Promise.all([seqSince(db, query.from, '1'), seqSince(db, query.to, highest)]);
  const given = cursor === undefined ? highest : seqOf(cursor);
  const before = BigInt(given) < BigInt(to) ? given : to;
  const by = walks[subject ? 'subject' : actor ? 'actor' : action ? 'action' : 'all'];
  const filters = [subject, actor, action].filter((value) => value !== null).length;
  const most = filters > 1 ? mostWalked : limit + 1;
  const step = await db.first(by, [before, from, most, subject, actor, action]);
  const found = step?.found ?? [];
  const wanted = found.slice(0, limit);
  const entries = wanted.length === 0 ? [] : await db.query(entriesOf, [wanted]);
  const last = wanted.at(-1);
  const more =
    found.length > limit ? last : step && step.walked === most ? (step.end ?? undefined) : undefined;
  return { entries: entries.map(shown), next_cursor: more === undefined ? null : `s${more}` };
}

async function seqSince(db: Queryable, time: string | undefined, otherwise: string): Promise<string> {
  if (time === undefined) return otherwise;
  return (await db.first(firstSince, [time]))?.seq ?? highest;
}

function seqOf(cursor: string): string {
  const seq = /^s(\d{1,19})$/.exec(cursor)?.[1];
  if (seq !== undefined && BigInt(seq) <= BigInt(highest)) return seq;
  throw auditErrors.problem(
    'invalid_cursor',
    'The cursor is not one of this list. Pass `next_cursor` of an earlier answer unchanged, or leave it out to begin at the newest entry.',
  );
}

function shown(row: EntryRow): AuditEntry {
  const {
    id: _id,
    actor_id,
    actor_kind,
    actor_name,
    actor_role,
    before,
    after,
    on_behalf_of,
    signature,
    ...rest
  } = row;
  const value = (text: string | null): unknown => (text === null ? null : JSON.parse(text));
  return {
    ...rest,
    actor: { id: actor_id, kind: actor_kind, name: actor_name, role: actor_role },
    on_behalf_of: value(on_behalf_of),
    before: value(before),
    after: value(after),
    signature: value(signature),
  };
}
