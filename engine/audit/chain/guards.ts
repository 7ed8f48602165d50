import { readdir, readFile } from 'node:fs/promises';
import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';

/**
 * What keeps an ordinary user from changing the trail: the triggers in force, for replicas too and without a condition, with what they do; and the
 * constraints.
 */
const inForce = rows(
  'audit.guards',
  Type.Object({
    name: Type.String(),
    function: nullable(Type.String()),
    body: nullable(Type.String({ description: 'Of its function.' })),
  }),
  `SELECT tgname::text AS name, proname::text AS function, prosrc AS body
   FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
   WHERE NOT tgisinternal AND tgenabled = 'A' AND tgqual IS NULL
     AND tgrelid IN ('audit_entries'::regclass, 'audit_pending'::regclass, 'audit_signatures'::regclass, 'audit_chain'::regclass)
   UNION ALL
   SELECT conname::text, NULL, NULL FROM pg_constraint
   WHERE contype IN ('p', 'u') AND conrelid IN ('audit_entries'::regclass, 'audit_signatures'::regclass)`,
);

/** Each with what a trigger does; null: a constraint. */
const wanted = {
  audit_chain_keep: 'audit_refuse',
  audit_entries_id_key: null,
  audit_entries_keep: 'audit_refuse',
  audit_entries_link: 'audit_link',
  audit_entries_pkey: null,
  audit_pending_keep: 'audit_refuse',
  audit_pending_leave: 'audit_leave',
  audit_pending_stamp: 'audit_stamp',
  audit_signatures_keep: 'audit_refuse',
  audit_signatures_pkey: null,
} as const;

const migrations = new URL('../migrations/', import.meta.url);
const definition = /CREATE (?:OR REPLACE )?FUNCTION (audit_\w+)\(\)[^$]*\$\$([^$]*)\$\$/g;

/** What the functions do as the migrations made them, the last word of each. */
async function bodies(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const file of (await readdir(migrations)).sort())
    for (const [, name = '', body = ''] of (await readFile(new URL(file, migrations), 'utf8')).matchAll(
      definition,
    ))
      found.set(name, body);
  return found;
}

/** A sentence for each guard that somebody has taken away, or that does something else now. */
export async function missingGuards(db: Queryable): Promise<string[]> {
  const there = new Map((await db.query(inForce)).map((guard) => [guard.name, guard]));
  const made = await bodies();
  return Object.entries(wanted).flatMap(([name, does]) => {
    const guard = there.get(name);
    if (!guard) return [`${name} is not in force: somebody has switched it off or dropped it.`];
    if (guard.function === does && (does === null || guard.body === made.get(does))) return [];
    return [`${name} does not do what it was made for: somebody has put another function in its place.`];
  });
}
