import { type ApiToken, accountErrors } from '@labwright/contract-hub/accounts';
import { apiTokenPrefix } from '@labwright/contract-hub/identity';
import { atLeast, currentPrincipal, type Role } from '@labwright/kernel/identity';
import { rows } from '@labwright/kernel/statement';
import { signedInUser } from '../asking.ts';
import { record } from '../audit.ts';
import { type AccountsDeps, timestamp } from '../deps.ts';
import { digest, randomToken } from '../secrets/vault.ts';
import { ApiTokenRow, apiTokenColumns } from './row.ts';

const insert = rows(
  'accounts.api_tokens.insert',
  ApiTokenRow,
  `INSERT INTO api_tokens (id, hash, hint, name, role, scopes, owner_id, expires_at, created_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING ${apiTokenColumns}`,
);

/** A token for a machine, with at most the rights of who makes it. The answer alone has it. Throws `too_many_rights`, `people_only`. */
export async function createApiToken(
  deps: AccountsDeps,
  given: { id: string; name: string; role: Role; scopes: readonly string[] | null; days: number | null },
): Promise<{ api_token: ApiToken; token: string }> {
  const { role, kind, id } = currentPrincipal();
  // Whoever sits at a machine without accounts may prepare tokens; a token makes no tokens.
  const owner = kind === 'local' ? null : signedInUser();
  if (!atLeast(role, given.role))
    throw accountErrors.problem(
      'too_many_rights',
      `You are ${role}; a token of yours cannot be ${given.role}.`,
    );
  const token = `${apiTokenPrefix}${randomToken()}`;
  const now = deps.clock.now();
  const api_token = await deps.db.transaction(async (tx) => {
    const made = await tx.first(insert, [
      given.id,
      digest(token),
      token.slice(0, apiTokenPrefix.length + 4),
      given.name.trim(),
      given.role,
      given.scopes,
      owner?.id ?? null,
      given.days === null ? null : timestamp(now + given.days * 86_400_000),
      timestamp(now),
    ]);
    if (!made) throw new Error('The token was not made');
    await record(tx, owner ?? { id, name: 'local user' }, {
      action: 'api_token.created',
      subject: `api_token:${made.id}`,
      after: { name: made.name, role: made.role, scopes: made.scopes, expires_at: made.expires_at },
    });
    return made;
  });
  return { api_token, token };
}
