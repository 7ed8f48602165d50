import { auditContext } from '@labwright/audit';
import type { Execution } from '@labwright/contract-devices';
import type { JobContext } from '@labwright/jobs';
import { sqlState } from '@labwright/kernel/db';
import { systemPrincipal } from '@labwright/kernel/identity';
import { takeTurn } from '../bookings/lock-device.ts';
import type { DevicesDeps } from '../deps.ts';
import type { Verdict } from './drive.ts';
import { settleExecution } from './statements.ts';
import { tellEnded } from './tidings.ts';

class JobLost extends Error {
  override readonly name = 'JobLost';
}

/**
 * Commits an outcome, its event and the end of the job together, if the job is still ours. Answers the row, or undefined where
 * the job is another's by now or the outcome was known. Rejects where the database does not answer: it may be tried again.
 */
export async function settle(
  deps: DevicesDeps,
  execution: Execution,
  verdict: Verdict,
  job: Pick<JobContext, 'complete'>,
  options: { tellOthers: boolean },
): Promise<Execution | undefined> {
  const { id, device_id } = execution;
  const commit = (status: Verdict['status'], result: string | null, error: string | null) =>
    deps.db
      .transaction(async (tx) => {
        const [, ours, settled] = await Promise.all([
          // First: see `turnSql`.
          tx.execute(takeTurn, [device_id]),
          job.complete(tx, { status }),
          tx.first(settleExecution, [
            id,
            status,
            result,
            error,
            verdict.timed,
            auditContext(systemPrincipal),
          ]),
          ...(options.tellOthers ? [tellEnded(tx, execution)] : []),
        ]);
        if (!ours) throw new JobLost('the job is not ours any more');
        return settled;
      })
      .catch((error) => {
        if (error instanceof JobLost) return undefined;
        throw error;
      });
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
