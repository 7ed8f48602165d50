import { Role } from '@labwright/contract-hub/accounts';
import { apiTokenPrefix, type TokenHolder } from '@labwright/contract-hub/identity';
import { nullable, Timestamp } from '@labwright/kernel/http';
import { atLeast } from '@labwright/kernel/identity';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { type AccountsDeps, minutes, timestamp } from '../deps.ts';
import { digest } from '../secrets/vault.ts';

// Unique index on `hash`.
const find = rows(
  'accounts.api_tokens.introspect',
  Type.Object({
    token_id: Type.String(),
    owner_id: nullable(Type.String()),
    name: Type.String(),
    role: Role,
    scopes: nullable(Type.Array(Type.String())),
    expires_at: nullable(Timestamp),
    owner_role: nullable(Role),
    last_used_at: nullable(Timestamp),
  }),
  `SELECT t.id AS token_id, t.owner_id, t.name, t.role, t.scopes, t.expires_at, u.role AS owner_role, t.last_used_at
   FROM api_tokens t LEFT JOIN users u ON u.id = t.owner_id
   WHERE t.hash = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2) AND u.locked_at IS NULL`,
);
const touch = command(
  'accounts.api_tokens.touch',
  'UPDATE api_tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)',
);

/** Whom an API token stands for: never with more rights than its owner has now. Null for unknown, expired and revoked ones, and those of locked people. */
export async function introspect(
  { db, clock }: Pick<AccountsDeps, 'db' | 'clock'>,
  token: string,
): Promise<TokenHolder | null> {
  if (!token.startsWith(apiTokenPrefix)) return null;
  const now = clock.now();
  const found = await db.first(find, [digest(token), timestamp(now)]);
  if (!found) return null;
  const { owner_role, last_used_at, ...holder } = found;
  if (last_used_at === null || Date.parse(last_used_at) < now - minutes)
    await db.execute(touch, [holder.token_id, timestamp(now), timestamp(now - minutes)]);
  const role = owner_role !== null && !atLeast(owner_role, holder.role) ? owner_role : holder.role;
  return { ...holder, role };
}
