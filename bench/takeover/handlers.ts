import { handle, type JobContext } from '@labwright/jobs';
import pg from 'pg';
import { sharedClock } from '../processes/orders.ts';
import { holdOnce, holdRepeatable } from './tasks.ts';

const pool = new pg.Pool({ connectionString: process.env.JOBS_DATABASE_URL, max: 1 });
pool.on('error', () => {});

/** Writes down where and when it began, on the clock that processes share, and holds its job until it is told to stop. */
async function hold(_args: unknown, { id, attempt, signal }: JobContext): Promise<void> {
  const at = sharedClock();
  await pool.query('INSERT INTO begun (job, attempt, pid, at) VALUES ($1, $2, $3, $4)', [
    id,
    attempt,
    process.pid,
    at,
  ]);
  await new Promise((_resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

/** For `labwright worker`. */
export const handlers = [handle(holdRepeatable, hold), handle(holdOnce, hold)];
