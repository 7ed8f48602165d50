import type { Clock } from '@labwright/kernel/clock';
import type { Db, Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { nextTick } from './rule.ts';
import { ruleOfRow, type Schedule, ScheduleRow, scheduleColumns } from './schedule.ts';

/** A schedule of that name is declared by somebody else. */
export class ScheduleTaken extends Error {
  override readonly name = 'ScheduleTaken';
}

// A rule that did not change keeps its next tick, also where that has passed: it was missed, and is not forgotten by a new start.
const put = rows(
  'jobs.schedules.put',
  Type.Object({ name: Type.String() }),
  `INSERT INTO job_schedules AS s (name, owner, task, args, tick_in, queue, priority, max_attempts, timeout_ms, key, missed, overlap,
     cron, zone, every_ms, anchor, next_at)
   VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::bigint, $16::timestamptz, $17::timestamptz)
   ON CONFLICT (name) DO UPDATE SET
     (task, args, tick_in, queue, priority, max_attempts, timeout_ms, key, missed, overlap, cron, zone, every_ms, enabled, fault) =
     (excluded.task, excluded.args, excluded.tick_in, excluded.queue, excluded.priority, excluded.max_attempts, excluded.timeout_ms,
      excluded.key, excluded.missed, excluded.overlap, excluded.cron, excluded.zone, excluded.every_ms, true, NULL),
     (anchor, next_at) = (SELECT CASE WHEN same.rule THEN s.anchor ELSE excluded.anchor END,
                                 CASE WHEN same.rule THEN s.next_at ELSE excluded.next_at END
       FROM (SELECT s.enabled AND s.fault IS NULL AND (NOT $18::boolean OR s.anchor = excluded.anchor)
               AND (s.cron, s.zone, s.every_ms) IS NOT DISTINCT FROM (excluded.cron, excluded.zone, excluded.every_ms) AS rule) AS same)
   WHERE s.owner = excluded.owner
   RETURNING name`,
);

const disableOthers = rows(
  'jobs.schedules.disable_others',
  Type.Object({ name: Type.String() }),
  `UPDATE job_schedules SET enabled = false WHERE owner = $1 AND enabled AND name <> ALL ($2::text[]) RETURNING name`,
);

const list = rows(
  'jobs.schedules.list',
  ScheduleRow,
  `SELECT ${scheduleColumns} FROM job_schedules WHERE name > $1 ORDER BY name LIMIT $2`,
);

const find = rows(
  'jobs.schedules.find',
  ScheduleRow,
  `SELECT ${scheduleColumns} FROM job_schedules WHERE name = $1 FOR UPDATE`,
);

const pause = command('jobs.schedules.pause', 'UPDATE job_schedules SET paused = true WHERE name = $1');
const resume = command(
  'jobs.schedules.resume',
  'UPDATE job_schedules SET paused = false, next_at = $2::timestamptz WHERE name = $1',
);

const time = rows(
  'jobs.schedules.time',
  Type.Object({ now: Type.String() }),
  'SELECT clock_timestamp() AS now',
);

/** The clock that was given, or that of the database: one for all processes. */
export async function timeOf(db: Queryable, clock: Clock | undefined): Promise<Date> {
  if (clock) return new Date(clock.now());
  return new Date((await db.first(time))?.now ?? Date.now());
}

/**
 * Stores a schedule, at every start anew: where its rule is as it was, its next tick stays. Throws `ScheduleTaken` where one
 * of another owner has that name.
 */
export async function putSchedule(
  db: Queryable,
  schedule: Schedule,
  options: { owner?: string; clock?: Clock } = {},
): Promise<void> {
  const { name, job, missed, overlap, rule } = schedule;
  const now = await timeOf(db, options.clock);
  const given = 'everyMs' in rule && rule.anchor !== null;
  const own = 'everyMs' in rule ? { ...rule, anchor: rule.anchor ?? now } : rule;
  const [cron, zone, every, anchor] =
    'everyMs' in own ? [null, null, own.everyMs, own.anchor] : [own.cron, own.zone, null, null];
  const { task, args, tickIn, queue, priority, maxAttempts, timeoutMs, key } = job;
  const head = [name, options.owner ?? '', task, JSON.stringify(args), tickIn];
  const kind = [queue, priority, maxAttempts, timeoutMs, key, missed, overlap];
  const stored = await db.first(put, [
    ...head,
    ...kind,
    ...[cron, zone, every, anchor, nextTick(own, now) ?? null, given],
  ]);
  if (!stored)
    throw new ScheduleTaken(`The schedule "${name}" is declared by somebody else: choose another name.`);
}

/**
 * All the schedules of one owner (a service), at every start: those that are in the database and not in the list do not tick
 * any more. Answers their names.
 */
export function putSchedules(
  db: Db,
  owner: string,
  schedules: readonly Schedule[],
  options: { clock?: Clock } = {},
): Promise<{ disabled: string[] }> {
  return db.transaction(async (tx) => {
    const sorted = schedules.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    for (const schedule of sorted) await putSchedule(tx, schedule, { ...options, owner });
    const disabled = await tx.query(disableOthers, [owner, sorted.map(({ name }) => name)]);
    return { disabled: disabled.map(({ name }) => name) };
  });
}

/** By name; `after` is the last of the page before. */
export const listSchedules = (
  db: Queryable,
  page: { after?: string; limit: number } = { limit: 1_000 },
): Promise<ScheduleRow[]> => db.query(list, [page.after ?? '', page.limit]);

export const lockSchedule = (tx: Queryable, name: string): Promise<ScheduleRow | undefined> =>
  tx.first(find, [name]);

/** It ticks no more until it is resumed. False where there is none. */
export const pauseSchedule = async (db: Queryable, name: string): Promise<boolean> =>
  (await db.execute(pause, [name])) === 1;

/** It ticks again from now: what came in between was not missed. False where there is none. */
export function resumeSchedule(db: Db, name: string, options: { clock?: Clock } = {}): Promise<boolean> {
  return db.transaction((tx) => resumeScheduleIn(tx, name, options));
}

/** The same in the caller's transaction. */
export async function resumeScheduleIn(
  tx: Queryable,
  name: string,
  options: { clock?: Clock } = {},
): Promise<boolean> {
  const row = await lockSchedule(tx, name);
  if (!row) return false;
  if (!row.paused) return true;
  const next = nextTick(ruleOfRow(row), await timeOf(tx, options.clock));
  return (await tx.execute(resume, [name, next ?? null])) === 1;
}
