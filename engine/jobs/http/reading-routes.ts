import type { Db } from '@labwright/kernel/db';
import { type App, answers, PageQuery, Timestamp } from '@labwright/kernel/http';
import { listLocks } from '@labwright/locks/postgres';
import Type from 'typebox';
import { readSeries, seriesRanges } from '../figures/series.ts';
import { JobState } from '../job.ts';
import { findJobs, summariesOf } from './list.ts';
import { describeFlow, describeJob } from './one.ts';
import { describeQueues } from './queues.ts';
import { describeSchedules } from './schedules.ts';
import {
  DeadFilter,
  FlowDetails,
  JobDetails,
  JobId,
  JobPage,
  KeyPage,
  LockPage,
  QueueList,
  QueueName,
  SchedulePage,
  Series,
  WorkerPage,
} from './schemas.ts';
import { cursorOf, describeKeys, describeWorkers, textOf } from './workers.ts';

const tags = ['jobs'];
const config = { access: 'viewer', domain: 'jobs' } as const;
const page = Type.Object(PageQuery, { additionalProperties: false });

const Times = {
  from: Type.Optional({ ...Timestamp, description: 'Asked for at this time or later.' }),
  to: Type.Optional({ ...Timestamp, description: 'Asked for before this time.' }),
};
const ListQuery = Type.Object(
  {
    ...PageQuery,
    ...DeadFilter.properties,
    ...Times,
    state: Type.Optional({ ...JobState, description: 'One state.' }),
    flow: Type.Optional({ ...JobId, description: 'The steps of this flow.' }),
  },
  { additionalProperties: false },
);
const DeadQuery = Type.Object(
  { ...PageQuery, ...DeadFilter.properties, ...Times },
  { additionalProperties: false },
);
const SeriesQuery = Type.Object(
  {
    range: Type.Optional(Type.Enum(seriesRanges, { default: '1h', description: 'How far back.' })),
    queue: Type.Optional(QueueName),
  },
  { additionalProperties: false },
);
const short =
  'Filters together: each has to fit. A page may hold fewer than `limit`; `next_cursor` tells whether more may follow.';

export const readingRoutes = (db: Db) => (app: App) => {
  app.get(
    '/jobs/queues',
    {
      config,
      schema: {
        summary: 'The queues: how deep, how quick, and who listens',
        description:
          'Counted up to a bound, so that it is as quick with a million jobs. `warnings` say what wants a look: jobs that wait and no worker that serves them.',
        tags,
        response: answers({ 200: QueueList }),
      },
    },
    () => describeQueues(db),
  );

  app.get(
    '/jobs/series',
    {
      config,
      schema: {
        summary: 'Throughput and latency over time',
        description:
          'What workers recorded, added up in at most 96 even steps. Workers tell every ten seconds; what a process that was killed had not told is missing.',
        tags,
        querystring: SeriesQuery,
        response: answers({ 200: Series }),
      },
    },
    ({ query }) => readSeries(db, query.range ?? '1h', query.queue),
  );

  app.get(
    '/jobs',
    {
      config,
      schema: {
        summary: 'List jobs, newest first',
        description: `${short} Arguments and results are told of one job only.`,
        tags,
        querystring: ListQuery,
        response: answers({ 200: JobPage }),
      },
    },
    async ({ query }) => {
      const { limit = 50, cursor, state, ...filter } = query;
      const { ids, ...rest } = await findJobs(
        db,
        { ...filter, ...(state ? { states: [state] } : {}) },
        { limit, cursor },
      );
      return { jobs: await summariesOf(db, ids), ...rest };
    },
  );

  app.get(
    '/jobs/dead',
    {
      config,
      schema: {
        summary: 'List the dead letters: jobs that failed for good, or whose attempts are used up',
        description: short,
        tags,
        querystring: DeadQuery,
        response: answers({ 200: JobPage }),
      },
    },
    async ({ query }) => {
      const { limit = 50, cursor, ...filter } = query;
      const { ids, ...rest } = await findJobs(
        db,
        { ...filter, states: ['failed', 'dead'] },
        { limit, cursor },
      );
      return { jobs: await summariesOf(db, ids), ...rest };
    },
  );

  app.get(
    '/jobs/workers',
    {
      config,
      schema: {
        summary: 'The workers: since when, for which queues, and what each has in hand',
        tags,
        querystring: page,
        response: answers({ 200: WorkerPage }),
      },
    },
    ({ query }) => describeWorkers(db, { limit: 50, ...query }),
  );

  app.get(
    '/jobs/schedules',
    {
      config,
      schema: {
        summary: 'The schedules: when each ticks next, and what became of the last run',
        tags,
        querystring: page,
        response: answers({ 200: SchedulePage }),
      },
    },
    ({ query }) => describeSchedules(db, { limit: 50, ...query }),
  );

  app.get(
    '/jobs/keys',
    {
      config,
      schema: {
        summary: 'The keys that a job has, and how many wait for each',
        tags,
        querystring: page,
        response: answers({ 200: KeyPage }),
      },
    },
    ({ query }) => describeKeys(db, { limit: 50, ...query }),
  );

  app.get(
    '/jobs/flows/:id',
    {
      config,
      schema: {
        summary: 'A flow of jobs and its steps',
        tags,
        params: Type.Object({ id: JobId }),
        querystring: page,
        response: answers({ 200: FlowDetails }),
      },
    },
    ({ params, query }) => describeFlow(db, params.id, { limit: 50, ...query }),
  );

  app.get(
    '/jobs/:id',
    {
      config,
      schema: {
        summary: 'One job: its arguments, attempts, errors, and why it waits',
        description: 'Without what is a secret by its name or its form.',
        tags,
        params: Type.Object({ id: JobId }),
        response: answers({ 200: JobDetails }),
      },
    },
    ({ params }) => describeJob(db, params.id),
  );

  app.get(
    '/locks',
    {
      config,
      schema: {
        summary: 'The locks that are held, and who waits for them',
        description:
          'Those in the database of this service: `labwright lock` uses that of device-service. A page may hold fewer than `limit`; `next_cursor` tells whether more may follow.',
        tags,
        querystring: page,
        response: answers({ 200: LockPage }),
      },
    },
    async ({ query }) => {
      const { locks, next } = await listLocks(db, { after: textOf(query.cursor), limit: query.limit ?? 50 });
      return { locks, next_cursor: next === null ? null : cursorOf(next) };
    },
  );
};
