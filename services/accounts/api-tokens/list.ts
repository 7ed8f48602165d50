import { type ApiToken, accountErrors } from '@labwright/contract-hub/accounts';
import { currentPrincipal } from '@labwright/kernel/identity';
import { rows } from '@labwright/kernel/statement';
import { decodeCursor, encodeCursor } from '../cursors.ts';
import type { AccountsDeps } from '../deps.ts';
import { ApiTokenRow, apiTokenColumns } from './row.ts';

// Index api_tokens_newest.
const all = rows(
  'accounts.api_tokens.page',
  ApiTokenRow,
  `SELECT ${apiTokenColumns} FROM api_tokens WHERE (created_at, id) < ($1::timestamptz, $2)
   ORDER BY created_at DESC, id DESC LIMIT $3`,
);
// Index api_tokens_of_owner.
const ofOwner = rows(
  'accounts.api_tokens.page_of_owner',
  ApiTokenRow,
  `SELECT ${apiTokenColumns} FROM api_tokens WHERE owner_id = $4 AND (created_at, id) < ($1::timestamptz, $2)
   ORDER BY created_at DESC, id DESC LIMIT $3`,
);

const shape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z [0-9a-f-]{36}$/;

/** Newest first: all for an administrator, one's own for everybody else. Throws `invalid_cursor`. */
export async function listApiTokens(
  deps: AccountsDeps,
  { limit, cursor }: { limit: number; cursor?: string },
): Promise<{ api_tokens: ApiToken[]; next_cursor: string | null }> {
  const { id, role } = currentPrincipal();
  const [createdAt = 'infinity', last = '~'] = decodeCursor('api-tokens', cursor, shape)?.split(' ') ?? [];
  if (createdAt !== 'infinity' && Number.isNaN(Date.parse(createdAt)))
    throw accountErrors.problem(
      'invalid_cursor',
      'The cursor names a time that never was. Use `next_cursor` unchanged.',
    );
  const position = [createdAt, last, limit + 1];
  const found =
    role === 'admin' ? await deps.db.query(all, position) : await deps.db.query(ofOwner, [...position, id]);
  const page = found.slice(0, limit);
  const end = page.at(-1);
  const more = found.length > page.length && end;
  return {
    api_tokens: page,
    next_cursor: more ? encodeCursor('api-tokens', `${end.created_at} ${end.id}`) : null,
  };
}
