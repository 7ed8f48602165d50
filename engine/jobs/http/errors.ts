import { errorCatalogue } from '@labwright/kernel/errors';

/** What every service that shows its jobs can answer beside its own errors. */
export const jobErrors = errorCatalogue({
  job_not_found: {
    status: 404,
    title: 'There is no such job',
    remedy:
      '`GET /jobs` lists the jobs of this service; each service has its own. Jobs are deleted some days after their end.',
  },
  job_not_requeueable: {
    status: 409,
    title: 'Only a job that failed, is dead or was cancelled is brought back',
    remedy:
      '`state` says how it stands: perhaps somebody else brought it back. Ask for it anew with `GET /jobs/{id}`.',
  },
  job_has_ended: {
    status: 409,
    title: 'The job has ended: there is nothing to cancel',
    remedy: '`state` says how it ended.',
  },
  job_not_droppable: {
    status: 409,
    title: 'The job is still wanted',
    remedy: 'Cancel it first; where it is a step of a flow, cancel the flow.',
  },
  job_flow_not_found: {
    status: 404,
    title: 'There is no such flow of jobs',
    remedy:
      '`flow` of a job names the flow that it is a step of. Flows are deleted some days after their end.',
  },
  job_schedule_not_found: {
    status: 404,
    title: 'There is no such schedule',
    remedy: '`GET /jobs/schedules` lists the schedules of this service.',
  },
  invalid_cursor: {
    status: 400,
    title: 'The cursor is not one of this list',
    remedy: 'Pass `next_cursor` of an earlier answer unchanged, or leave it out to begin at the start.',
  },
});
