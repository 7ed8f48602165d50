import type { Execution } from '@labwright/contract-devices';
import { sqlState } from '@labwright/kernel/db';
import type { DevicesDeps } from '../deps.ts';
import type { Verdict } from './drive.ts';
import { settleExecution } from './statements.ts';

/**
 * Commits an outcome together with its event, if the execution is still ours. Answers the row, or undefined where
 * another process has it. Rejects where the database does not answer: it may be tried again.
 */
export async function settle(
  deps: DevicesDeps,
  execution: Execution,
  verdict: Verdict,
): Promise<Execution | undefined> {
  const commit = (status: Verdict['status'], result: string | null, error: string | null) =>
    deps.db.first(settleExecution, [
      execution.device_id,
      execution.id,
      deps.runner,
      status,
      result,
      error,
      verdict.timed,
    ]);
  if (verdict.status !== 'succeeded') return commit(verdict.status, null, stored(verdict.error));
  try {
    return await commit('succeeded', stored(verdict.result), null);
  } catch (error) {
    if (!isUnstorable(error)) throw error;
    deps.log.error({ err: error, execution_id: execution.execution_id }, 'a result could not be stored');
    const message = `It succeeded, but its result could not be stored: ${(error as Error).message}`;
    return commit('unknown', null, stored({ code: 'result_not_stored', message }));
  }
}

/** The text of a JSON value; U+0000, which PostgreSQL has no place for, becomes U+FFFD. */
const stored = (value: unknown): string =>
  JSON.stringify(value, (_key, item) => (typeof item === 'string' ? item.replaceAll('\0', '\uFFFD') : item));

/** Not JSON, or JSON that PostgreSQL refuses: class 22 (data exceptions) and 54 (limits). */
const isUnstorable = (error: unknown) => {
  const state = sqlState(error);
  return error instanceof TypeError || state?.startsWith('22') === true || state?.startsWith('54') === true;
};
