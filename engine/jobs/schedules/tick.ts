import type { Clock } from '@labwright/kernel/clock';
import type { Db, Queryable } from '@labwright/kernel/db';
import type { Log } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { type Due, dueTicks } from './missed.ts';
import { ruleOfRow, ScheduleRow, scheduleColumns, withTick } from './schedule.ts';
import { lockSchedule, timeOf } from './store.ts';

// Walks job_schedules_due, like the next one.
const nextDue = rows(
  'jobs.schedules.next_due',
  Type.Object({ ms: Type.Number() }),
  `SELECT extract(epoch FROM next_at - coalesce($1::timestamptz, clock_timestamp()))::float8 * 1000 AS ms
   FROM job_schedules WHERE enabled AND NOT paused AND next_at IS NOT NULL ORDER BY next_at LIMIT 1`,
);

const due = rows(
  'jobs.schedules.due',
  ScheduleRow,
  `SELECT ${scheduleColumns} FROM job_schedules WHERE enabled AND NOT paused AND next_at <= $1::timestamptz
   ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
);

const open = rows(
  'jobs.schedules.open',
  Type.Object({ id: Type.String() }),
  `SELECT id FROM jobs WHERE id = $1 AND state IN ('scheduled', 'waiting', 'ready', 'sent', 'running', 'retrying')`,
);

const make = rows(
  'jobs.schedules.make',
  Type.Object({ id: Type.String() }),
  `INSERT INTO jobs (queue, task, args, state, priority, max_attempts, timeout_ms, key, run_at, unique_key)
   SELECT $1, $2, args, (CASE WHEN $6::text IS NULL THEN 'ready' ELSE 'waiting' END)::job_state, $3, $4, $5, $6, run_at, unique_key
   FROM unnest($7::jsonb[], $8::timestamptz[], $9::text[]) AS ticks (args, run_at, unique_key)
   ON CONFLICT (unique_key)
     WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'waiting', 'ready', 'sent', 'running', 'retrying') DO NOTHING
   RETURNING id`,
);

const wake = command('jobs.schedules.wake', 'SELECT wake_job_workers(ARRAY[$1::text])');

const ticked = command(
  'jobs.schedules.ticked',
  `UPDATE job_schedules SET next_at = $2::timestamptz, last_at = coalesce($3::timestamptz, last_at), last_job = coalesce($4::bigint, last_job),
     skipped = skipped + $5
   WHERE name = $1`,
);

const break_ = command(
  'jobs.schedules.break',
  'UPDATE job_schedules SET next_at = NULL, fault = $2 WHERE name = $1',
);

/** Makes the jobs of some ticks of a schedule whose row is locked. */
async function makeJobs(tx: Queryable, row: ScheduleRow, ticks: Due['ticks']) {
  if (ticks.length === 0) return { ids: [], skipped: 0 };
  if (row.overlap === 'skip') {
    // One after the other has to end: of several at once the newest is made.
    const busy = row.last_job !== null && (await tx.first(open, [row.last_job])) !== undefined;
    const skipped = ticks.length - (busy ? 0 : 1);
    if (busy) return { ids: [], skipped };
    const made = await insert(tx, row, ticks.slice(-1));
    return { ids: made, skipped };
  }
  return { ids: await insert(tx, row, ticks), skipped: 0 };
}

async function insert(tx: Queryable, row: ScheduleRow, ticks: Due['ticks']): Promise<string[]> {
  const { name, queue, task, priority, max_attempts, timeout_ms, key } = row;
  const at = ticks.map((tick) => tick.at.toISOString());
  const args = ticks.map((tick, index) =>
    JSON.stringify(
      withTick(row.args, row.tick_in, {
        schedule: name,
        at: at[index] ?? '',
        since: tick.since?.toISOString() ?? null,
      }),
    ),
  );
  const uniqueKeys = at.map((time) => `schedule:${name}:${time}`);
  const made = await tx.query(make, [
    ...[queue, task, priority, max_attempts, timeout_ms, key],
    ...[args, at, uniqueKeys],
  ]);
  await tx.execute(wake, [queue]);
  return made.map(({ id }) => id);
}

/** The queue of the schedule that was due, where it got jobs; null where it got none; undefined where none was due. */
function tickOne(db: Db, clock: Clock | undefined, log: Log): Promise<string | null | undefined> {
  return db.transaction(async (tx) => {
    const now = await timeOf(tx, clock);
    const row = await tx.first(due, [now]);
    if (!row || row.next_at === null) return undefined;
    let what: Due;
    try {
      what = dueTicks(ruleOfRow(row), row.missed, new Date(row.next_at), now);
    } catch (error) {
      // It must not keep the others from ticking.
      log.error({ err: error, schedule: row.name }, 'a schedule cannot be read, and ticks no more');
      await tx.execute(break_, [row.name, String(error)]);
      return null;
    }
    const { ids, skipped } = await makeJobs(tx, row, what.ticks);
    const last = ids.length > 0 ? what.ticks.at(-1)?.at : undefined;
    await tx.execute(ticked, [row.name, what.next, last ?? null, ids.at(-1) ?? null, skipped]);
    return ids.length > 0 ? row.queue : null;
  });
}

export interface Ticked {
  /** Where there is work by that. */
  queues: Set<string>;
  /** Milliseconds until the next tick of any schedule; null where none is. */
  nextMs: number | null;
}

/**
 * Makes the jobs of all ticks that have come. Any number of processes may do so at once: each schedule is locked by one of
 * them, and its job and its next tick are committed together.
 */
export async function runDueSchedules(db: Db, options: { log: Log; clock?: Clock }): Promise<Ticked> {
  const queues = new Set<string>();
  for (;;) {
    const now = options.clock ? new Date(options.clock.now()) : null;
    const next = await db.first(nextDue, [now]);
    if (!next || next.ms > 0) return { queues, nextMs: next?.ms ?? null };
    const queue = await tickOne(db, options.clock, options.log);
    // Others are at it.
    if (queue === undefined) return { queues, nextMs: null };
    if (queue !== null) queues.add(queue);
  }
}

/**
 * A tick out of turn, also of a schedule that is paused or not declared any more; its turns stay as they are. With the
 * overlap `skip` it answers the job that has not ended. Undefined where there is no such schedule.
 */
export function runNow(
  db: Db,
  name: string,
  options: { clock?: Clock } = {},
): Promise<{ id: string; fresh: boolean } | undefined> {
  return db.transaction((tx) => runNowIn(tx, name, options));
}

/** The same in the caller's transaction. */
export async function runNowIn(
  tx: Queryable,
  name: string,
  options: { clock?: Clock } = {},
): Promise<{ id: string; fresh: boolean } | undefined> {
  const row = await lockSchedule(tx, name);
  if (!row) return undefined;
  const at = await timeOf(tx, options.clock);
  const { ids } = await makeJobs(tx, row, [{ at, since: null }]);
  const [id] = ids;
  if (id === undefined) return { id: row.last_job ?? '', fresh: false };
  await tx.execute(ticked, [name, row.next_at, at, id, 0]);
  return { id, fresh: true };
}
