import { accountErrors } from '@labwright/contract-hub/accounts';
import { currentPrincipal } from '@labwright/kernel/identity';
import { rows } from '@labwright/kernel/statement';
import { record } from '../audit.ts';
import { type AccountsDeps, timestamp } from '../deps.ts';
import { revokeApiToken } from '../revocations/record.ts';
import { ApiTokenRow, apiTokenColumns } from './row.ts';

const revoke = rows(
  'accounts.api_tokens.revoke',
  ApiTokenRow,
  `UPDATE api_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING ${apiTokenColumns}`,
);
const find = rows(
  'accounts.api_tokens.find',
  ApiTokenRow,
  `SELECT ${apiTokenColumns} FROM api_tokens WHERE id = $1`,
);

/** Good for nothing from now on, everywhere. By its owner or an administrator; twice is no mistake. Throws `api_token_not_found`. */
export async function revokeApiTokenById(deps: AccountsDeps, tokenId: string): Promise<void> {
  const asking = currentPrincipal();
  const now = deps.clock.now();
  await deps.db.transaction(async (tx) => {
    const token = await tx.first(find, [tokenId]);
    if (!token || (token.owner_id !== asking.id && asking.role !== 'admin'))
      throw accountErrors.problem(
        'api_token_not_found',
        `There is no API token "${tokenId}" that you may revoke. See GET /api-tokens.`,
      );
    if (!(await tx.first(revoke, [tokenId, timestamp(now)]))) return;
    await revokeApiToken(tx, tokenId, now);
    await record(tx, asking, { action: 'api_token.revoked', subject: `api_token:${tokenId}` });
  });
}
