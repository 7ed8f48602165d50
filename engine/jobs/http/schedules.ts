import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { JobState } from '../job.ts';
import { graceMs } from '../schedules/missed.ts';
import type { ScheduleRow } from '../schedules/schedule.ts';
import { listSchedules, timeOf } from '../schedules/store.ts';
import type { SchedulePage } from './schemas.ts';
import { cursorOf, textOf } from './workers.ts';

const ends = rows(
  'jobs.http.ends',
  Type.Object({ id: Type.String(), state: JobState, finished_at: nullable(Type.String()) }),
  'SELECT id, state, finished_at FROM jobs WHERE id = ANY ($1::bigint[])',
);

/** The schedules by name, and what became of the last job of each. */
export async function describeSchedules(
  db: Queryable,
  page: { limit: number; cursor?: string | undefined },
): Promise<Static<typeof SchedulePage>> {
  const found = await listSchedules(db, { after: textOf(page.cursor), limit: page.limit + 1 });
  const own = found.slice(0, page.limit);
  const jobs = own.flatMap(({ last_job }) => (last_job === null ? [] : [last_job]));
  const [last, now] = await Promise.all([
    jobs.length > 0 ? db.query(ends, [jobs]) : [],
    timeOf(db, undefined),
  ]);
  const lastOf = new Map(last.map((job) => [job.id, job]));
  return {
    schedules: own.map((row) => {
      const state = stateOf(row);
      const job = row.last_job === null ? undefined : lastOf.get(row.last_job);
      const { name, owner, task, queue, cron, zone, missed, overlap, fault, next_at, last_at, last_job } =
        row;
      return {
        ...{
          name,
          owner,
          task,
          queue,
          cron,
          zone,
          missed,
          overlap,
          state,
          fault,
          next_at,
          last_at,
          last_job,
        },
        every_ms: row.every_ms === null ? null : Number(row.every_ms),
        overdue: state === 'ticking' && next_at !== null && now.getTime() - Date.parse(next_at) > graceMs,
        last_state: job?.state ?? null,
        last_finished_at: job?.finished_at ?? null,
        skipped: Number(row.skipped),
      };
    }),
    next_cursor: found.length > own.length ? cursorOf(own.at(-1)?.name) : null,
  };
}

function stateOf({ enabled, paused, fault }: ScheduleRow): 'ticking' | 'paused' | 'disabled' | 'at_fault' {
  if (!enabled) return 'disabled';
  if (fault !== null) return 'at_fault';
  return paused ? 'paused' : 'ticking';
}
