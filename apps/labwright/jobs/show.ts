import type { Terminal } from '../command-line/terminal.ts';
import { type Column, factsText, tableText } from '../output/table.ts';
import { plain } from '../output/width.ts';
import { ago, clockTime, count, span, statusStyle } from '../output/words.ts';
import type { Job, JobDetails, Lock, Of, Queue, Schedule, Worker } from './types.ts';

type Style = Pick<Terminal, 'style'>;

export const queueColumns = (terminal: Style): Column<Of<Queue>>[] => [
  { head: 'service', cell: ({ service }) => service },
  { head: 'queue', cell: ({ name }) => name, shrinks: true },
  { head: 'ready', cell: ({ depth }) => depth.ready + depth.sent, right: true },
  { head: 'later', cell: ({ depth }) => depth.scheduled + depth.waiting + depth.retrying, right: true },
  { head: 'running', cell: ({ depth }) => depth.running, right: true },
  {
    head: 'dead',
    cell: ({ depth }) => depth.failed + depth.dead,
    right: true,
    style: (text, { depth }) => (depth.failed + depth.dead > 0 ? terminal.style('red', text) : text),
  },
  {
    head: 'oldest',
    cell: ({ oldest_ready_seconds: oldest }) => (oldest === null ? null : span(oldest)),
    right: true,
  },
  { head: 'a second', cell: ({ ended_per_second: rate }) => rate.toFixed(rate < 10 ? 2 : 0), right: true },
  { head: 'workers', cell: ({ workers }) => workers, right: true },
  {
    head: 'what wants a look',
    cell: ({ warnings }) => warnings.map(({ text }) => text).join(' '),
    style: (text) => terminal.style('yellow', text),
    shrinks: true,
  },
];

export function jobColumns(terminal: Style): Column<Of<Job>>[] {
  const now = Date.now();
  return [
    { head: 'job', cell: ({ service, id }) => `${service}:${id}` },
    {
      head: 'state',
      cell: ({ state }) => state,
      style: (text, { state }) => statusStyle(terminal, state)(text),
    },
    { head: 'queue', cell: ({ queue }) => queue, shrinks: true },
    { head: 'task', cell: ({ task }) => task },
    { head: 'tries', cell: ({ attempts, max_attempts: most }) => `${attempts}/${most}`, right: true },
    { head: 'asked', cell: ({ created_at }) => ago(created_at, now) },
    { head: 'key', cell: ({ key }) => key, shrinks: true },
    { head: 'error', cell: errorOf, shrinks: true },
  ];
}

const errorOf = ({ error_name: name, error_message: message, progress_text: text }: Job): string | null =>
  message ? `${message}${name && name !== 'Error' ? ` (${name})` : ''}` : text;

/** All of one job. */
export function jobText(job: Of<JobDetails>, terminal: Terminal): string {
  const { failures, waiting, caused_by: cause } = job;
  const facts = factsText([
    ['job', `${job.service}:${job.id}`],
    ['state', job.cancel_asked && !job.finished_at ? `${job.state}, told to stop` : job.state],
    ['task', job.task],
    ['queue', job.queue],
    ['tries', `${job.attempts} of ${job.max_attempts}`],
    ['key', job.key],
    ['asked for', `${clockTime(job.created_at)}${cause.name ? ` by ${cause.name}` : ''}`],
    ['started', job.started_at && clockTime(job.started_at)],
    ['ended', job.finished_at && clockTime(job.finished_at)],
    ['worker', job.worker],
    ...waiting.map(({ text }, index) => [index === 0 ? 'waits' : '', text] as const),
    ['arguments', shown(job.args)],
    ['result', shown(job.result)],
    ...(job.flow ? [['flow', job.flow] as const] : []),
  ]);
  if (failures.length === 0) return facts;
  const tries = failures.map(
    ({ attempt, ended_at, error }) =>
      `${terminal.style('bold', `Try ${attempt}`)}, ended ${clockTime(ended_at)}: ${plain(error.message)} (${plain(error.name)})\n${stackOf(error.stack)}`,
  );
  return `${facts}\n${tries.join('\n')}`;
}

const stackOf = (stack: string | null): string =>
  (stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => `${plain(`  ${line.trim()}`)}\n`)
    .join('');

const shown = ({ value, bytes, too_large: large }: JobDetails['args']): string | null =>
  large
    ? `${bytes.toLocaleString('en')} bytes, too large to show`
    : value === null
      ? null
      : JSON.stringify(value);

export function workerText(workers: readonly Of<Worker>[], terminal: Terminal): string {
  const now = Date.now();
  return tableText<Of<Worker>>(
    [
      { head: 'service', cell: ({ service }) => service },
      { head: 'worker', cell: ({ name }) => name },
      {
        head: 'connected',
        cell: ({ connected }) => (connected === null ? 'not seen' : connected ? 'yes' : 'no'),
        style: (text, { connected }) => (connected === false ? terminal.style('red', text) : text),
      },
      { head: 'since', cell: ({ started_at }) => ago(started_at, now) },
      { head: 'in hand', cell: ({ running }) => running, right: true },
      {
        head: 'doing',
        cell: ({ jobs }) => jobs.map(({ task, id }) => `${task} ${id}`).join(', '),
        shrinks: true,
      },
      { head: 'queues', cell: ({ queues }) => queues.join(', '), shrinks: true },
    ],
    workers,
    terminal,
  );
}

export function scheduleText(schedules: readonly Of<Schedule>[], terminal: Terminal): string {
  const now = Date.now();
  return tableText<Of<Schedule>>(
    [
      { head: 'schedule', cell: ({ service, name }) => `${service}:${name}` },
      {
        head: 'state',
        cell: ({ state, overdue }) => (overdue ? `${state}, overdue` : state.replace('_', ' ')),
        style: (text, { state, overdue }) =>
          overdue || state === 'at_fault'
            ? terminal.style('red', text)
            : state === 'paused'
              ? terminal.style('yellow', text)
              : text,
      },
      { head: 'rule', cell: ruleOf },
      { head: 'next', cell: ({ next_at: at }) => (at === null ? null : dueIn(at, now)) },
      { head: 'last', cell: ({ last_at: at }) => (at === null ? null : ago(at, now)) },
      {
        head: 'came of it',
        cell: ({ last_state: state }) => state,
        style: (text, { last_state: state }) => statusStyle(terminal, state ?? '')(text),
      },
      { head: 'task', cell: ({ task }) => task },
      { head: 'fault', cell: ({ fault }) => fault ?? ' ', shrinks: true },
    ],
    schedules,
    terminal,
  );
}

const ruleOf = ({ cron, zone, every_ms: every }: Schedule): string =>
  cron === null ? `every ${span((every ?? 0) / 1_000)}` : zone === null ? cron : `${cron} ${zone}`;

const dueIn = (at: string, now: number): string => {
  const seconds = (Date.parse(at) - now) / 1_000;
  return seconds < 0 ? `${span(-seconds)} ago` : `in ${span(seconds)}`;
};

export const lockText = (locks: readonly Of<Lock>[], terminal: Terminal): string =>
  tableText<Of<Lock>>(
    [
      { head: 'service', cell: ({ service }) => service },
      { head: 'lock', cell: ({ key }) => key },
      { head: 'holder', cell: ({ holder }) => holder, shrinks: true },
      { head: 'token', cell: ({ token }) => token, right: true },
      {
        head: 'lease',
        cell: ({ expires_at, expired }) => (expired ? 'over' : `until ${clockTime(expires_at).slice(11)}`),
        style: (text, { expired }) => (expired ? terminal.style('dim', text) : text),
      },
      { head: 'waiting', cell: ({ waiting }) => (waiting === 0 ? null : count(waiting, 'other')) },
    ],
    locks,
    terminal,
  );
