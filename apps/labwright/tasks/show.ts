import type { Field, HistoryEntry, Task } from '@labwright/contract-hub/tasks';
import type { Terminal } from '../command-line/terminal.ts';
import { type Column, factsText, tableText } from '../output/table.ts';
import { plain } from '../output/width.ts';
import { ago, clockTime, span, statusStyle } from '../output/words.ts';
import { takesOf } from './values.ts';

const ended = (task: Task) => task.status === 'completed' || task.status === 'cancelled';
const isOverdue = (task: Task, now: number) =>
  task.due_at !== null && !ended(task) && Date.parse(task.due_at) < now;

export const statusOf = ({ status }: Pick<Task, 'status'>) => status.replace('_', ' ');

export function taskColumns(terminal: Pick<Terminal, 'style'>): Column<Task>[] {
  const now = Date.now();
  return [
    { head: 'id', cell: ({ id }) => id },
    {
      head: 'status',
      cell: statusOf,
      style: (text, { status }) => statusStyle(terminal, status)(text),
    },
    {
      head: 'due',
      cell: (task) => dueText(task, now),
      style: (text, task) => (isOverdue(task, now) ? terminal.style('red', text) : text),
    },
    { head: 'for', cell: forWhom, shrinks: true, spare: 1 },
    { head: 'in hand of', cell: ({ holder }) => holder?.name, shrinks: true },
    { head: 'title', cell: ({ title }) => title, shrinks: true },
  ];
}

/** How long there is until it is due, or for how long it has been. */
function dueText(task: Task, now: number): string | null {
  if (task.due_at === null || ended(task)) return null;
  const seconds = (Date.parse(task.due_at) - now) / 1_000;
  return seconds < 0 ? `${span(-seconds)} ago` : `in ${span(seconds)}`;
}

function forWhom({ assignee }: Task): string | null {
  if (assignee === null) return null;
  return 'role' in assignee ? `every ${assignee.role}` : assignee.name;
}

/** All of one task: what is to be done, its form, and how far it is. `workflowName`: of its workflow, where that is known. */
export function taskText(task: Task, workflowName: string | undefined, terminal: Terminal): string {
  const { instructions, fields, values } = task;
  const stated = [...stateOf(task), ['title', task.title] as const];
  return [
    factsText([
      ['task', task.id],
      ...stated,
      ['for', forWhom(task) ?? 'anybody'],
      ['priority', task.priority],
      [
        'due',
        task.due_at === null ? null : `${clockTime(task.due_at)} (${dueText(task, Date.now()) ?? 'over'})`,
      ],
      ['workflow', task.workflow_id && stepText(task, workflowName)],
      ['device', task.device_id],
      ['asked by', `${task.created_by.name}, ${clockTime(task.created_at)}`],
    ]),
    ...(instructions === '' ? [] : ['\n', linesOf(instructions)]),
    ...(fields.length === 0 ? [] : ['\n', tableText(fieldColumns(values, terminal), fields, terminal)]),
  ].join('');
}

function stepText(task: Task, name: string | undefined): string {
  const { workflow_id, step } = task;
  const workflow = name === undefined ? String(workflow_id) : `“${name}” (${workflow_id})`;
  if (step === null) return workflow;
  return ended(task) ? `step ${step} of ${workflow}` : `step ${step} of ${workflow}, which waits for it`;
}

/** As they were written, line by line. */
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => `${plain(line)}\n`)
    .join('');

/** What somebody has to know who meant it to be otherwise: the state, who has it, and the version to name. */
export function stateOf(task: Task): (readonly [string, string | number | null])[] {
  const since = task.finished_at ?? task.started_at;
  const when = since === null ? '' : `, ${ago(since, Date.now())}`;
  const who = task.holder ? ` ${task.status === 'completed' ? 'by' : 'in hand of'} ${task.holder.name}` : '';
  const why = task.status_reason ? `: ${task.status_reason}` : '';
  const status = task.status === 'in_progress' ? who.trim() : `${statusOf(task)}${who}`;
  const answers = answersOf(task);
  return [
    ['status', `${status}${when}${why}`],
    ...(answers === '' ? [] : [['values', answers] as const]),
    ['version', task.version],
  ];
}

/** In the order of the form. */
const answersOf = ({ fields, values }: Task): string =>
  fields
    .flatMap(({ name }) => (values?.[name] === undefined ? [] : [`${name} ${answerText(values[name])}`]))
    .join(', ');

const fieldColumns = (values: Task['values'], terminal: Terminal): Column<Field>[] => [
  { head: 'field', cell: ({ name, optional }) => `${name}${optional ? '' : '*'}` },
  { head: 'takes', cell: takesOf, shrinks: true },
  ...(values === null
    ? []
    : [
        {
          head: 'value',
          cell: ({ name }: Field) => answerText(values[name]),
          style: (text: string) => terminal.style('bold', text),
        },
      ]),
  { head: 'meaning', cell: ({ label, help }) => (help ? `${label}: ${help}` : label), shrinks: true },
];

function answerText(value: string | number | boolean | undefined): string | number | undefined {
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : value;
}

export const historyColumns: Column<HistoryEntry>[] = [
  { head: 'at', cell: ({ at }) => clockTime(at) },
  { head: 'what', cell: ({ kind }) => kind },
  { head: 'by', cell: ({ by }) => by.name, shrinks: true },
  { head: 'version', cell: ({ version }) => version, right: true },
  {
    head: 'said, or changed',
    cell: ({ text, changes }) => text ?? (changes ? Object.keys(changes).join(', ') : null),
    shrinks: true,
  },
];
