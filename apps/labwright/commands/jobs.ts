import { wholeNumber } from '@labwright/kernel/command-line';
import type { Command } from '../command-line/command.ts';
import { command } from '../command-line/define.ts';
import { generalOptions } from '../command-line/general-options.ts';
import { listOf, placeOf, queuePlace, serviceOf, servicesOf } from '../jobs/services.ts';
import { jobColumns, jobText, queueColumns, scheduleText, workerText } from '../jobs/show.ts';
import {
  type Job,
  type JobDetails,
  type Of,
  type Queue,
  type QueueList,
  type Schedule,
  serviceNames,
  type Worker,
} from '../jobs/types.ts';
import { type Lab, openLab } from '../lab/open-lab.ts';
import { tableText } from '../output/table.ts';
import { json } from '../output/words.ts';

const states = [
  'scheduled',
  'waiting',
  'ready',
  'sent',
  'running',
  'retrying',
  'succeeded',
  'failed',
  'dead',
  'cancelled',
] as const satisfies readonly Job['state'][];
export const service = {
  type: 'string',
  value: 'SERVICE',
  doc: 'device, workflow or hub: each has jobs of its own (all)',
  completes: serviceNames,
} as const;
const reason = { type: 'string', value: 'TEXT', doc: 'why: kept in the audit trail' } as const;
const because = (text: string | undefined) => (text === undefined ? {} : { reason: text });

/** What narrows a list of jobs. */
export const filters = {
  queue: { type: 'string', value: 'QUEUE', doc: 'of this queue' },
  task: { type: 'string', value: 'TASK', doc: 'of this task' },
  key: { type: 'string', value: 'KEY', doc: 'with this key' },
  error: { type: 'string', value: 'NAME', doc: 'that ended with this error: TimeoutError' },
} as const;

const queues = command({
  name: 'jobs',
  summary: 'the queues of all services: how deep, how quick, who listens',
  notes: [
    'Numbers are counted up to 10,000. Work on single jobs: labwright jobs list, show, cancel, requeue, drop.',
  ],
  options: { service, ...generalOptions },
  examples: [
    { line: 'jobs', says: 'does everything move?' },
    { line: 'jobs --service device --json', says: 'of one service, for a program' },
  ],
  run: async ({ values, terminal }) => {
    const lab = openLab(values, terminal.env);
    const found = await queuesOf(lab, values.service);
    if (values.json) terminal.say(json(found));
    else if (found.length === 0) terminal.tell('There is no queue yet: nobody asked for a job.\n');
    else terminal.say(tableText(queueColumns(terminal), found, terminal));
    return 0;
  },
});

async function queuesOf(lab: Lab, named: string | undefined): Promise<Of<Queue>[]> {
  const lists = await Promise.all(
    servicesOf(named).map(async (name) => {
      const { queues: all } = await serviceOf(lab, name).get<QueueList>('/jobs/queues');
      return all.map((queue) => ({ ...queue, service: name }));
    }),
  );
  return lists.flat();
}

const list = command({
  name: 'jobs list',
  summary: 'jobs, newest first',
  options: {
    state: { type: 'string', value: 'STATE', doc: `one of ${states.join(', ')}`, completes: states },
    ...filters,
    limit: { type: 'string', short: 'n', value: 'N', doc: 'at most so many of each service (20)' },
    service,
    ...generalOptions,
  },
  examples: [
    { line: 'jobs list --state running', says: 'what is in hand' },
    { line: 'jobs list --service device --queue device.incubator -n 100', says: 'of one queue' },
  ],
  run: async ({ values, terminal }) => {
    const lab = openLab(values, terminal.env);
    const { state, queue, task, key, error } = values;
    const atMost = wholeNumber('--limit', values.limit ?? '20', { minimum: 1, maximum: 100_000 });
    const found = await listOf<Job>(lab, servicesOf(values.service), {
      path: '/jobs',
      key: 'jobs',
      query: { state, queue, task, key, error },
      atMost,
    });
    found.sort((a, b) => b.created_at.localeCompare(a.created_at));
    if (values.json) terminal.say(json(found));
    else if (found.length === 0) terminal.tell('No job is like that.\n');
    else terminal.say(tableText(jobColumns(terminal), found, terminal));
    return 0;
  },
});

const job = { name: 'JOB', doc: 'a job as lists name it: device:4711' } as const;

const show = command({
  name: 'jobs show',
  summary: 'one job: its arguments, its tries and their errors, why it waits',
  arguments: [job],
  options: { service, ...generalOptions },
  examples: [{ line: 'jobs show device:4711', says: 'all of it' }],
  run: async ({ values, words: [text = ''], terminal }) => {
    const lab = openLab(values, terminal.env);
    const place = placeOf(text, values.service);
    const found = await serviceOf(lab, place.service).get<JobDetails>(
      `/jobs/${encodeURIComponent(place.id)}`,
    );
    terminal.say(values.json ? json(found) : jobText({ ...found, service: place.service }, terminal));
    return 0;
  },
});

const steer = (verb: 'cancel' | 'requeue' | 'drop', summary: string) =>
  command({
    name: `jobs ${verb}`,
    summary,
    arguments: [job],
    options: { reason, service, ...generalOptions },
    examples: [{ line: `jobs ${verb} device:4711`, says: summary }],
    run: async ({ values, words: [text = ''], terminal }) => {
      const lab = openLab(values, terminal.env);
      const place = placeOf(text, values.service);
      const answer = await serviceOf(lab, place.service).send<{ id: string; state: string }>(
        'POST',
        `/jobs/${encodeURIComponent(place.id)}/${verb}`,
        { body: because(values.reason) },
      );
      const told =
        verb === 'drop'
          ? 'is deleted'
          : verb === 'cancel' && answer.state === 'running'
            ? 'is told to stop'
            : `is ${answer.state}`;
      terminal.say(values.json ? json(answer) : `Job ${place.service}:${place.id} ${told}.\n`);
      return 0;
    },
  });

const hold = (verb: 'pause' | 'resume', summary: string) =>
  command({
    name: `jobs ${verb}`,
    summary,
    arguments: [{ name: 'QUEUE', doc: 'its name; of two services with the same name device:QUEUE' }],
    options: { reason, service, ...generalOptions },
    examples: [{ line: `jobs ${verb} device.incubator`, says: summary }],
    run: async ({ values, words: [text = ''], terminal }) => {
      const lab = openLab(values, terminal.env);
      const place = await queuePlace(lab, text, values.service);
      const answer = await serviceOf(lab, place.service).send<{ name: string; paused: boolean }>(
        'POST',
        `/jobs/queues/${encodeURIComponent(place.name)}/${verb}`,
        { body: because(values.reason) },
      );
      const told = answer.paused ? 'is paused: nothing more of it begins' : 'goes on';
      terminal.say(values.json ? json(answer) : `Queue ${place.service}:${place.name} ${told}.\n`);
      return 0;
    },
  });

const workers = command({
  name: 'jobs workers',
  summary: 'who carries out jobs, since when, and what each has in hand',
  options: { service, ...generalOptions },
  examples: [{ line: 'jobs workers', says: 'of all services' }],
  run: async ({ values, terminal }) => {
    const lab = openLab(values, terminal.env);
    const found = await listOf<Worker>(lab, servicesOf(values.service), {
      path: '/jobs/workers',
      key: 'workers',
    });
    if (values.json) terminal.say(json(found));
    else if (found.length === 0) terminal.tell('No worker is on record.\n');
    else terminal.say(workerText(found, terminal));
    return 0;
  },
});

const schedules = command({
  name: 'jobs schedules',
  summary: 'the schedules: when each is due next, and what became of the last run',
  options: { service, ...generalOptions },
  examples: [{ line: 'jobs schedules', says: 'of all services' }],
  run: async ({ values, terminal }) => {
    const lab = openLab(values, terminal.env);
    const places = { path: '/jobs/schedules', key: 'schedules' };
    const found = await listOf<Schedule>(lab, servicesOf(values.service), places);
    if (values.json) terminal.say(json(found));
    else if (found.length === 0) terminal.tell('There is no schedule.\n');
    else terminal.say(scheduleText(found, terminal));
    return 0;
  },
});

const schedule = (verb: 'run' | 'pause' | 'resume', summary: string) =>
  command({
    name: `jobs schedules ${verb}`,
    summary,
    arguments: [{ name: 'SCHEDULE', doc: 'a schedule as the list names it: device:nightly' }],
    options: { reason, service, ...generalOptions },
    examples: [{ line: `jobs schedules ${verb} device:nightly`, says: summary }],
    run: async ({ values, words: [text = ''], terminal }) => {
      const lab = openLab(values, terminal.env);
      const place = placeOf(text, values.service);
      const answer = await serviceOf(lab, place.service).send<{
        job?: string;
        fresh?: boolean;
        paused?: boolean;
      }>('POST', `/jobs/schedules/${encodeURIComponent(place.id)}/${verb}`, { body: because(values.reason) });
      if (values.json) terminal.say(json(answer));
      else if (answer.job === undefined)
        terminal.say(`Schedule ${text} ${answer.paused ? 'is paused' : 'ticks again, from now'}.\n`);
      else if (answer.fresh) terminal.say(`It runs as job ${place.service}:${answer.job}.\n`);
      else terminal.say(`Its last job, ${place.service}:${answer.job}, has not ended; no other was made.\n`);
      return 0;
    },
  });

export const jobCommands: Command[] = [
  queues,
  list,
  show,
  steer('cancel', 'cancel a job; one that runs is told to stop'),
  steer('requeue', 'bring a job back that failed, is dead or was cancelled'),
  steer('drop', 'delete a job that has ended'),
  hold('pause', 'pause a queue: nothing more of it begins, what runs goes on'),
  hold('resume', 'let a queue go on'),
  workers,
  schedules,
  schedule('run', 'run a schedule now, out of turn'),
  schedule('pause', 'pause a schedule'),
  schedule('resume', 'let a schedule tick again, from now'),
];
