import { type Approval, type AuditRules, demandApproval, readApproval, recordAudit } from '@labwright/audit';
import type { Db, Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { cancelFlow, type FlowState, findFlow } from '../flows/manage.ts';
import { JobState } from '../job.ts';
import { cancelJob, dropJob, pauseQueue, requeueJob, resumeQueue } from '../manage.ts';
import { lockSchedule, pauseSchedule, resumeScheduleIn } from '../schedules/store.ts';
import { runNowIn } from '../schedules/tick.ts';
import { jobErrors } from './errors.ts';
import { jobNotFound } from './one.ts';
import type { Steering } from './schemas.ts';

/*
 * What a person does to jobs: each in one transaction with its entry in the audit trail, and decided under the lock of the row,
 * so that of two who do the same at once one does it and the other hears how things stand.
 */

const Before = Type.Object({
  id: Type.String(),
  state: JobState,
  queue: Type.String(),
  task: Type.String(),
  key: nullable(Type.String()),
  attempts: Type.Integer(),
});
const lockJob = rows(
  'jobs.http.lock',
  Before,
  `SELECT j.id, j.state, coalesce((SELECT l.queue FROM job_lanes l WHERE l.name = j.queue), j.queue) AS queue, j.task, j.key, j.attempts
   FROM jobs j WHERE j.id = $1 FOR UPDATE OF j`,
);

const isPaused = rows(
  'jobs.http.is_paused',
  Type.Object({ paused: Type.Boolean() }),
  'SELECT paused FROM job_queues WHERE name = $1 FOR UPDATE',
);

/** Looks at the reason and the signature; throws where the laboratory wants what is not there. */
export async function approve(
  rules: AuditRules,
  action: string,
  subject: string,
  given: Steering,
  what: string,
): Promise<Approval> {
  const approval = await readApproval(rules, { action, subject, ...given });
  demandApproval(rules, approval, what);
  return approval;
}

export interface Steered {
  id: string;
  state: JobState;
}

/** One job, under its lock. `change` answers undefined where the state does not allow it. */
const steerJob = (
  db: Db,
  id: string,
  approval: Approval,
  change: (tx: Queryable, before: Static<typeof Before>) => Promise<JobState>,
): Promise<Steered> =>
  db.transaction(async (tx) => {
    const before = await tx.first(lockJob, [id]);
    if (!before) throw jobNotFound(id);
    const state = await change(tx, before);
    const { action, subject } = approval;
    await recordAudit(tx, { action, subject, approval, before, after: { state } });
    return { id, state };
  });

/** Throws `job_not_found`, `job_not_requeueable`. */
export const requeue = (db: Db, id: string, approval: Approval): Promise<Steered> =>
  steerJob(db, id, approval, async (tx, { state }) => {
    const now = await requeueJob(tx, id);
    if (now !== undefined) return now;
    throw jobErrors.problem(
      'job_not_requeueable',
      `Job ${id} is ${state}: only one that failed, is dead or was cancelled is brought back. Nothing was done.`,
      { extra: { state } },
    );
  });

/** Throws `job_not_found`, `job_has_ended`. A job that runs is told, and says itself when it has stopped. */
export const cancel = (db: Db, id: string, approval: Approval): Promise<Steered> =>
  steerJob(db, id, approval, async (tx, { state }) => {
    if (['succeeded', 'failed', 'dead', 'cancelled'].includes(state))
      throw jobErrors.problem(
        'job_has_ended',
        `Job ${id} is ${state}: there is nothing to cancel. Nothing was done.`,
        { extra: { state } },
      );
    return (await cancelJob(tx, id)) ?? state;
  });

/** Throws `job_not_found`, `job_not_droppable`. Answers the state in which it was. */
export const drop = (db: Db, id: string, approval: Approval): Promise<Steered> =>
  steerJob(db, id, approval, async (tx, { state }) => {
    if (await dropJob(tx, id)) return state;
    throw jobErrors.problem(
      'job_not_droppable',
      ['succeeded', 'failed', 'dead', 'cancelled'].includes(state)
        ? `Job ${id} is a step of a flow that runs, and its result is still wanted: cancel the flow first. Nothing was done.`
        : `Job ${id} is ${state}: cancel it first. Nothing was done.`,
      { extra: { state } },
    );
  });

/** Nothing more of the queue begins, or it goes on. */
export const setPaused = (
  db: Db,
  queue: string,
  paused: boolean,
  approval: Approval,
): Promise<{ name: string; paused: boolean }> =>
  db.transaction(async (tx) => {
    const before = (await tx.first(isPaused, [queue]))?.paused ?? false;
    await (paused ? pauseQueue : resumeQueue)(tx, queue);
    const { action, subject } = approval;
    await recordAudit(tx, { action, subject, approval, before: { paused: before }, after: { paused } });
    return { name: queue, paused };
  });

const noSchedule = (name: string) =>
  jobErrors.problem(
    'job_schedule_not_found',
    `There is no schedule "${name}" here. GET /jobs/schedules lists them.`,
  );

/** Throws `job_schedule_not_found`. */
export const setSchedulePaused = (
  db: Db,
  name: string,
  paused: boolean,
  approval: Approval,
): Promise<{ name: string; paused: boolean }> =>
  db.transaction(async (tx) => {
    const before = await lockSchedule(tx, name);
    if (!before) throw noSchedule(name);
    await (paused ? pauseSchedule(tx, name) : resumeScheduleIn(tx, name));
    const { action, subject } = approval;
    await recordAudit(tx, {
      action,
      subject,
      approval,
      before: { paused: before.paused },
      after: { paused },
    });
    return { name, paused };
  });

/** A tick out of turn. With the overlap `skip`, the job that has not ended and `fresh` false. Throws `job_schedule_not_found`. */
export const runSchedule = (
  db: Db,
  name: string,
  approval: Approval,
): Promise<{ job: string; fresh: boolean }> =>
  db.transaction(async (tx) => {
    const made = await runNowIn(tx, name);
    if (!made) throw noSchedule(name);
    const { action, subject } = approval;
    await recordAudit(tx, { action, subject, approval, after: { job: made.id, fresh: made.fresh } });
    return { job: made.id, fresh: made.fresh };
  });

/** Throws `job_flow_not_found`. One that has ended stays as it is. */
export const stopFlow = (db: Db, id: string, approval: Approval): Promise<{ id: string; state: FlowState }> =>
  db.transaction(async (tx) => {
    const before = await findFlow(tx, id);
    if (!before) throw jobErrors.problem('job_flow_not_found', `There is no flow ${id} here.`);
    const { action, subject } = approval;
    // Before the flow is locked, which is to be the last.
    if (before.state === 'running')
      await recordAudit(tx, {
        action,
        subject,
        approval,
        before: { state: before.state },
        after: { state: 'cancelled' },
      });
    return { id, state: (await cancelFlow(tx, id)) ?? before.state };
  });
