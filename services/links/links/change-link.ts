import { recordAudit } from '@labwright/audit';
import { type ChangeLinkRequest, Link, linkErrors } from '@labwright/contract-hub/links';
import { atLeast, currentPrincipal } from '@labwright/kernel/identity';
import { command, rows } from '@labwright/kernel/statement';
import type { LinksDeps } from '../deps.ts';
import { checkTarget } from './check-target.ts';
import { checkExpiry } from './create-link.ts';
import { linkColumns, lockLink } from './link-row.ts';

/** By `links_pkey`. Null for the target: it stays; $4 and $6 say whether title and expiry change. */
const update = rows(
  'links.change',
  Link,
  `UPDATE links SET
     target = coalesce($2, target), host = CASE WHEN $2::text IS NULL THEN host ELSE $3 END,
     title = CASE WHEN $4::boolean THEN $5 ELSE title END,
     expires_at = CASE WHEN $6::boolean THEN $7::timestamptz ELSE expires_at END,
     updated_at = clock_timestamp()
   WHERE code = $1 RETURNING ${linkColumns}`,
);

const remove = command('links.delete', 'DELETE FROM links WHERE code = $1');

/** Throws `link_not_found`, `link_not_yours`, `invalid_target`, `invalid_expiry`. */
export async function changeLink(
  { db, clock }: Pick<LinksDeps, 'db' | 'clock'>,
  code: string,
  request: ChangeLinkRequest,
): Promise<Link> {
  checkExpiry(request.expires_at, clock.now());
  return db.transaction(async (tx) => {
    const before = await lockLink(tx, code);
    checkOwner(before);
    const target = request.target === undefined ? undefined : await checkTarget(tx, request.target);
    const after = await tx.first(update, [
      code,
      target?.target ?? null,
      target?.host ?? null,
      request.title !== undefined,
      request.title ?? null,
      request.expires_at !== undefined,
      request.expires_at ?? null,
    ]);
    if (!after) throw new Error('a link that was locked is gone');
    await recordAudit(tx, { action: 'link.change', subject: `link:${code}`, before, after });
    return after;
  });
}

/** Its code is never given away again. Throws `link_not_found`, `link_not_yours`. */
export async function deleteLink({ db }: Pick<LinksDeps, 'db'>, code: string): Promise<void> {
  await db.transaction(async (tx) => {
    const before = await lockLink(tx, code);
    checkOwner(before);
    await tx.execute(remove, [code]);
    await recordAudit(tx, { action: 'link.delete', subject: `link:${code}`, before });
  });
}

/** Whoever made it, and operators. */
function checkOwner(link: Link): void {
  const { id, role } = currentPrincipal();
  if (link.created_by === id || atLeast(role, 'operator')) return;
  throw linkErrors.problem(
    'link_not_yours',
    `The link ${link.code} was made by ${link.created_by_name}. Ask them, or an operator.`,
  );
}
