import type { AuditRules } from '@labwright/audit';
import type { Db } from '@labwright/kernel/db';
import { type App, answers } from '@labwright/kernel/http';
import Type from 'typebox';
import { steerDeadJobs } from './many.ts';
import { JobId, ManyAnswer, ManyRequest, PausedAnswer, QueueName, StateAnswer, Steering } from './schemas.ts';
import {
  approve,
  cancel,
  drop,
  requeue,
  runSchedule,
  setPaused,
  setSchedulePaused,
  stopFlow,
} from './steer.ts';

const tags = ['jobs'];
const config = { access: 'operator', domain: 'jobs', bodyOptional: true } as const;
/** Many jobs at once are deleted by whoever answers for the laboratory. */
const adminConfig = { ...config, access: 'admin' } as const;
const one = Type.Object({ id: JobId });
const queue = Type.Object({ queue: QueueName });
const schedule = Type.Object({ name: Type.String({ minLength: 1, maxLength: 150 }) });
const why = 'With a reason, where people have accounts; it is kept in the audit trail.';

const jobActions = [
  {
    verb: 'requeue',
    summary: 'Bring a job back that failed, is dead or was cancelled, as if it were new',
    what: 'bring a job back',
    act: requeue,
  },
  {
    verb: 'cancel',
    summary: 'Cancel a job; one that runs is told to stop',
    what: 'cancel a job',
    act: cancel,
  },
  { verb: 'drop', summary: 'Delete a job that has ended', what: 'delete a job', act: drop },
] as const;

export const steeringRoutes = (db: Db, rules: AuditRules) => (app: App) => {
  for (const { verb, summary, what, act } of jobActions)
    app.post(
      `/jobs/:id/${verb}`,
      {
        config,
        schema: {
          summary,
          description: why,
          tags,
          params: one,
          body: Steering,
          response: answers({ 200: StateAnswer }),
        },
      },
      async ({ params, body }) =>
        act(db, params.id, await approve(rules, `job.${verb}`, `job:${params.id}`, body, what)),
    );

  for (const { verb, summary, what } of [
    { verb: 'requeue', summary: 'Bring dead letters back, by filter', what: 'bring dead letters back' },
    { verb: 'drop', summary: 'Delete dead letters, by filter', what: 'delete dead letters' },
  ] as const)
    app.post(
      `/jobs/dead/${verb}`,
      {
        config: verb === 'drop' ? adminConfig : config,
        schema: {
          summary,
          description: `At most 500 in one call, newest first; \`next_cursor\` goes on behind them. ${why}`,
          tags,
          body: ManyRequest,
          response: answers({ 200: ManyAnswer }),
        },
      },
      async ({ body }) => {
        const { reason, signature, limit = 100, cursor, ...filter } = body;
        const subject = filter.queue === undefined ? 'job-queue:*' : `job-queue:${filter.queue}`;
        const given = { ...(reason ? { reason } : {}), ...(signature ? { signature } : {}) };
        const approval = await approve(rules, `job.${verb}_many`, subject, given, what);
        return steerDeadJobs(db, verb, filter, { limit, cursor }, approval);
      },
    );

  for (const { verb, summary, paused } of [
    { verb: 'pause', summary: 'Pause a queue: nothing more of it begins, what runs goes on', paused: true },
    { verb: 'resume', summary: 'Let a queue go on', paused: false },
  ] as const) {
    app.post(
      `/jobs/queues/:queue/${verb}`,
      {
        config,
        schema: {
          summary,
          description: why,
          tags,
          params: queue,
          body: Steering,
          response: answers({ 200: PausedAnswer }),
        },
      },
      async ({ params, body }) => {
        const subject = `job-queue:${params.queue}`;
        const approval = await approve(rules, `job_queue.${verb}`, subject, body, `${verb} a queue`);
        return setPaused(db, params.queue, paused, approval);
      },
    );
    app.post(
      `/jobs/schedules/:name/${verb}`,
      {
        config,
        schema: {
          summary: paused ? 'Pause a schedule' : 'Let a schedule tick again, from now',
          description: why,
          tags,
          params: schedule,
          body: Steering,
          response: answers({ 200: PausedAnswer }),
        },
      },
      async ({ params, body }) => {
        const subject = `job-schedule:${params.name}`;
        const approval = await approve(rules, `job_schedule.${verb}`, subject, body, `${verb} a schedule`);
        return setSchedulePaused(db, params.name, paused, approval);
      },
    );
  }

  app.post(
    '/jobs/schedules/:name/run',
    {
      config,
      schema: {
        summary: 'Run a schedule now, out of turn',
        description: `Also where it is paused. With the overlap \`skip\`, while its last job has not ended: that one, and \`fresh\` is false. ${why}`,
        tags,
        params: schedule,
        body: Steering,
        response: answers({ 200: Type.Object({ job: Type.String(), fresh: Type.Boolean() }) }),
      },
    },
    async ({ params, body }) => {
      const subject = `job-schedule:${params.name}`;
      const approval = await approve(rules, 'job_schedule.run', subject, body, 'run a schedule now');
      return runSchedule(db, params.name, approval);
    },
  );

  app.post(
    '/jobs/flows/:id/cancel',
    {
      config,
      schema: {
        summary: 'Cancel a flow and all that has not ended of it',
        description: why,
        tags,
        params: one,
        body: Steering,
        response: answers({
          200: Type.Object({
            id: Type.String(),
            state: Type.Enum(['running', 'succeeded', 'failed', 'cancelled']),
          }),
        }),
      },
    },
    async ({ params, body }) => {
      const approval = await approve(
        rules,
        'job_flow.cancel',
        `job-flow:${params.id}`,
        body,
        'cancel a flow',
      );
      return stopFlow(db, params.id, approval);
    },
  );
};
