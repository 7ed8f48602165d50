import { Link, linkErrors } from '@labwright/contract-hub/links';
import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import { codeShape } from '../codes/permute.ts';

/** The columns of a `Link`. */
export const linkColumns = `code, target, title, subject_kind, subject_id, created_by, created_by_name, created_at,
  updated_at, expires_at`;

/** By `links_pkey`. */
const one = rows('links.one', Link, `SELECT ${linkColumns} FROM links WHERE code = $1`);
const locked = rows('links.one_locked', Link, `SELECT ${linkColumns} FROM links WHERE code = $1 FOR UPDATE`);

/** Throws `link_not_found`. */
export const getLink = (db: Queryable, code: string): Promise<Link> => load(db, one, code);

/** The same, and nobody changes it until the transaction ends. */
export const lockLink = (tx: Queryable, code: string): Promise<Link> => load(tx, locked, code);

async function load(db: Queryable, statement: typeof one, code: string): Promise<Link> {
  const link = codeShape.test(code) ? await db.first(statement, [code]) : undefined;
  if (!link) throw linkErrors.problem('link_not_found', `There is no link with the code ${code}.`);
  return link;
}
