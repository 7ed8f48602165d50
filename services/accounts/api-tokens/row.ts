import { ApiToken } from '@labwright/contract-hub/accounts';

export const ApiTokenRow = ApiToken;
export const apiTokenColumns =
  'id, hint, name, role, scopes, owner_id, created_at, expires_at, last_used_at, revoked_at';
