import { keysWithJobs } from '@labwright/jobs';
import type { DevicesDeps } from '../deps.ts';
import { enqueueOperation, keyOfDevice } from './job.ts';
import { runningAfter } from './statements.ts';

/**
 * Asks for a job for each execution that is on record as running and has none: from before there were jobs, or because
 * somebody cancelled or deleted it. Answers how many. One too many does no harm: it finds the execution ended.
 */
export async function adoptExecutions(deps: DevicesDeps, signal?: AbortSignal): Promise<number> {
  let adopted = 0;
  for (let after = ''; !signal?.aborted; ) {
    const found = await deps.db.query(runningAfter, [after]);
    const last = found.at(-1);
    if (!last) break;
    after = last.device_id;
    const inHand = await keysWithJobs(
      deps.db,
      found.map(({ device_id }) => keyOfDevice(device_id)),
    );
    for (const execution of found) {
      if (inHand.has(keyOfDevice(execution.device_id))) continue;
      const { fresh } = await enqueueOperation(deps.db, execution, {
        uniqueKey: `execution ${execution.id}`,
      });
      if (!fresh) continue;
      adopted += 1;
      const { execution_id, device_id } = execution;
      deps.log.warn({ execution_id, device_id }, 'an execution that nobody carried out has a job again');
    }
  }
  return adopted;
}
