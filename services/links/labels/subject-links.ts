import { randomUUID } from 'node:crypto';
import { auditContext, auditSql } from '@labwright/audit';
import { Link, type Subject, type SubjectKind } from '@labwright/contract-hub/links';
import { currentPrincipal } from '@labwright/kernel/identity';
import { command, rows } from '@labwright/kernel/statement';
import type { LinksDeps } from '../deps.ts';
import { linkColumns } from '../links/link-row.ts';

/** By `links_one_a_subject`. */
const find = rows(
  'links.of_subjects',
  Link,
  `SELECT ${linkColumns} FROM unnest($1::text[], $2::text[]) AS wanted (kind, id)
   JOIN links ON links.subject_kind = wanted.kind AND links.subject_id = wanted.id`,
);

/** What is there already stays as it is; what is made is on record with it. */
const insert = command(
  'links.create_of_subjects',
  `WITH made AS (
     INSERT INTO links (code, target, subject_kind, subject_id, action_id, created_by, created_by_name)
     SELECT code, target, kind, id, action, $6, $7
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[]) AS new (code, target, kind, id, action)
     ON CONFLICT DO NOTHING
     RETURNING ${linkColumns}
   )
   ${auditSql({ action: `'link.create'`, subject: `'link:' || code`, after: 'to_jsonb(made)', context: '$8', from: 'made' })}`,
);

/** Where the label of a subject leads. */
const pageOf = ({ kind, id }: Subject): string => `/pages/${kind}/${encodeURIComponent(id)}`;

const mostRounds = 5;
const keyOf = (kind: SubjectKind | null, id: string | null) => `${kind} ${id}`;

/** The links of these subjects, in their order; those that have none get one. Two queries, and two more where some are new. */
export async function linksOfSubjects(deps: LinksDeps, subjects: readonly Subject[]): Promise<Link[]> {
  const known = new Map<string, Link>();
  const look = async () => {
    const found = await deps.db.query(find, [subjects.map(({ kind }) => kind), subjects.map(({ id }) => id)]);
    for (const link of found) known.set(keyOf(link.subject_kind, link.subject_id), link);
    return [
      ...new Map(
        subjects
          .filter(({ kind, id }) => !known.has(keyOf(kind, id)))
          .map((subject) => [keyOf(subject.kind, subject.id), subject]),
      ).values(),
    ];
  };
  let missing = await look();
  for (let round = 0; missing.length > 0; round += 1) {
    if (round === mostRounds) throw new Error('links of subjects vanish as soon as they are made');
    const { id, name } = currentPrincipal();
    const codes: string[] = [];
    for (const _ of missing) codes.push(await deps.nextCode());
    await deps.db.execute(insert, [
      codes,
      missing.map(pageOf),
      missing.map(({ kind }) => kind),
      missing.map((subject) => subject.id),
      missing.map(() => randomUUID()),
      id,
      name,
      auditContext(),
    ]);
    missing = await look();
  }
  return subjects.flatMap(({ kind, id }) => known.get(keyOf(kind, id)) ?? []);
}
