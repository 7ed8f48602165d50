import { recordAudit } from '@labwright/audit';
import { type CreateLinkRequest, Link, linkErrors } from '@labwright/contract-hub/links';
import { isUniqueViolation } from '@labwright/kernel/db';
import { commonErrors } from '@labwright/kernel/errors';
import { currentPrincipal } from '@labwright/kernel/identity';
import { rows } from '@labwright/kernel/statement';
import type { LinksDeps } from '../deps.ts';
import { checkTarget } from './check-target.ts';
import { linkColumns } from './link-row.ts';

const insert = rows(
  'links.create',
  Link,
  `INSERT INTO links (code, target, host, title, expires_at, created_by, created_by_name, action_id)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ${linkColumns}`,
);

/** By `links_action`. */
const byAction = rows('links.by_action', Link, `SELECT ${linkColumns} FROM links WHERE action_id = $1`);

/** Times that a code may be taken: by a number that was given away before the sequence was put back by hand. */
const mostTries = 5;

/**
 * Makes a link. `actionId` finds it again where the same request comes twice. Throws `invalid_target`, `invalid_expiry`;
 * `idempotency_key_reused` where the key has made another link more than 24 hours ago.
 */
export async function createLink(
  deps: LinksDeps,
  actionId: string,
  request: CreateLinkRequest,
): Promise<Link> {
  const { db, clock } = deps;
  const { target, host } = await checkTarget(db, request.target);
  checkExpiry(request.expires_at, clock.now());
  const { title = null, expires_at = null } = request;
  try {
    return await insertLink(deps, { actionId, target, host, title, expires_at });
  } catch (error) {
    if (!isUniqueViolation(error, 'links_action')) throw error;
    const made = await db.first(byAction, [actionId]);
    if (made?.target === target) return made;
    throw commonErrors.problem(
      'idempotency_key_reused',
      'This Idempotency-Key has made another link before. Use a new key for each link.',
    );
  }
}

/** A row with a code that nobody has. */
async function insertLink(
  { db, nextCode }: Pick<LinksDeps, 'db' | 'nextCode'>,
  link: {
    actionId: string;
    target: string;
    host: string | null;
    title: string | null;
    expires_at: string | null;
  },
): Promise<Link> {
  const { id, name } = currentPrincipal();
  const { target, host, title, expires_at, actionId } = link;
  const rest = [target, host, title, expires_at, id, name, actionId];
  for (let tries = 1; ; tries += 1) {
    try {
      const code = await nextCode();
      return await db.transaction(async (tx) => {
        const made = await tx.first(insert, [code, ...rest]);
        if (!made) throw new Error('INSERT … RETURNING answered no row');
        await recordAudit(tx, { action: 'link.create', subject: `link:${code}`, after: made });
        return made;
      });
    } catch (error) {
      if (!isUniqueViolation(error, 'links_pkey') || tries === mostTries) throw error;
    }
  }
}

export function checkExpiry(expires_at: string | null | undefined, now: number): void {
  if (!expires_at || Date.parse(expires_at) > now) return;
  throw linkErrors.problem('invalid_expiry', `${expires_at} is over. Give a time that lies ahead.`, {
    faults: [{ path: 'body.expires_at', message: 'must lie ahead' }],
  });
}
