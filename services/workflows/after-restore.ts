import type { Queryable } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';

const raiseTokens = command(
  'workflows.raise_tokens',
  'UPDATE workflows SET fencing_token = fencing_token + $1 WHERE fencing_token IS NOT NULL',
);

/** For a restore that raised the fencing tokens of all active bookings by `by`: each workflow is found to hold the booking that it holds. */
export const raiseTokensOfWorkflows = (tx: Queryable, by: number): Promise<number> =>
  tx.execute(raiseTokens, [by]);
