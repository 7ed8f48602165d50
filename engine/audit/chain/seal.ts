import type { Db, Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { canonical } from './canonical.ts';
import { type EntryRow, genesisOf, hashOf } from './entry.ts';

/** One sealer at a time; whoever comes second waits, and then sees what the first has sealed. */
const lock = rows(
  'audit.lock_chain',
  Type.Object({ chain: Type.String(), now: Type.String() }),
  'SELECT id::text AS chain, clock_timestamp() AS now FROM audit_chain FOR UPDATE',
);

/** Index: the primary key, from its end. */
export const lastEntry = rows(
  'audit.last_entry',
  Type.Object({ seq: Type.String(), hash: Type.String(), sealed_at: Type.String() }),
  'SELECT seq, hash, sealed_at FROM audit_entries ORDER BY seq DESC LIMIT 1',
);

const Person = Type.Object({ id: Type.String(), name: Type.String() });

const Pending = Type.Object({
  id: Type.String(),
  at: Type.String(),
  context: Type.Object({
    actor: Type.Object({
      id: Type.String(),
      kind: Type.Optional(Type.String()),
      name: Type.Optional(Type.String()),
      role: Type.Optional(Type.String()),
    }),
    on_behalf_of: Type.Optional(Person),
    request_id: Type.Optional(Type.String()),
    trace_id: Type.Optional(Type.String()),
  }),
  action: Type.String(),
  subject: Type.String(),
  reason: nullable(Type.String()),
  before: Type.Unknown(),
  after: Type.Unknown(),
  signature: Type.Unknown(),
});

/** Of one subject in the order in which it was changed: whoever changes it later takes the higher id. */
const pending = rows(
  'audit.pending',
  Pending,
  `SELECT p.id, p.at, p.context, p.action, p.subject, p.reason, p.before, p.after,
          (SELECT to_jsonb(s) FROM audit_signatures s WHERE s.id = p.signature_id) AS signature
   FROM audit_pending p ORDER BY p.id LIMIT $1`,
);

const insert = command(
  'audit.insert_entries',
  `INSERT INTO audit_entries (seq, id, at, sealed_at, actor_id, actor_kind, actor_name, actor_role, on_behalf_of, action, subject,
                              reason, before, after, signature, request_id, trace_id, prev, hash)
   SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
                        $8::text[], $9::json[], $10::text[], $11::text[], $12::text[], $13::json[], $14::json[], $15::json[],
                        $16::text[], $17::text[], $18::text[], $19::text[])`,
);

const leave = command('audit.leave_pending', 'DELETE FROM audit_pending WHERE id = ANY ($1::bigint[])');

/** An entry has at most 64 KiB of values: a batch stays small. */
const batch = 200;

const order = [
  'seq',
  'id',
  'at',
  'sealed_at',
  'actor_id',
  'actor_kind',
  'actor_name',
  'actor_role',
  'on_behalf_of',
  'action',
  'subject',
  'reason',
  'before',
  'after',
  'signature',
  'request_id',
  'trace_id',
  'prev',
  'hash',
] as const satisfies readonly (keyof EntryRow)[];

/** Chains every entry that was committed before it began. Answers how many; ends early when the signal fires. */
export async function sealPending(db: Db, signal?: AbortSignal): Promise<number> {
  let sealed = 0;
  while (!signal?.aborted) {
    const count = await db.transaction(sealBatch);
    sealed += count;
    if (count < batch) break;
  }
  return sealed;
}

async function sealBatch(tx: Queryable): Promise<number> {
  const [locked, last, found] = await Promise.all([
    tx.first(lock),
    tx.first(lastEntry),
    tx.query(pending, [batch]),
  ]);
  if (!locked) throw new Error('the database has no audit chain: its row was deleted by hand');
  const { chain, now } = locked;
  // Never before the entry before it, even where the machine's clock was set back.
  const sealed_at = last && last.sealed_at > now ? last.sealed_at : now;
  let head = { seq: BigInt(last?.seq ?? 0), hash: last?.hash ?? genesisOf(chain) };
  const entries = found.map((row) => {
    const entry = link(chain, row, { seq: String(head.seq + 1n), sealed_at, prev: head.hash });
    head = { seq: head.seq + 1n, hash: entry.hash };
    return entry;
  });
  if (entries.length === 0) return 0;
  await Promise.all([
    tx.execute(
      insert,
      order.map((name) => entries.map((entry) => entry[name])),
    ),
    tx.execute(leave, [entries.map(({ id }) => id)]),
  ]);
  return entries.length;
}

function link(
  chain: string,
  row: Static<typeof Pending>,
  place: { seq: string; sealed_at: string; prev: string },
): EntryRow {
  const { id, at, context, action, subject, reason } = row;
  const { actor, on_behalf_of, request_id = null, trace_id = null } = context;
  const json = (value: unknown) => (value === null || value === undefined ? null : canonical(value));
  const entry = {
    ...place,
    id,
    at,
    actor_id: actor.id,
    actor_kind: actor.kind ?? null,
    actor_name: actor.name ?? null,
    actor_role: actor.role ?? null,
    on_behalf_of: json(on_behalf_of),
    action,
    subject,
    reason,
    before: json(row.before),
    after: json(row.after),
    signature: json(row.signature),
    request_id,
    trace_id,
  };
  return { ...entry, hash: hashOf(chain, entry) };
}
