import type { Step, Workflow } from '@labwright/contract-workflows';
import type { Terminal } from '../command-line/terminal.ts';
import { type Column, factsText, tableText } from '../output/table.ts';
import { ago, briefly, clockTime, count, statusStyle, took } from '../output/words.ts';

const finished = new Set(['succeeded', 'skipped']);

/** `2/5`: steps that are done, of all; one that was skipped is not. */
export const progressOf = ({ steps }: Workflow): string =>
  `${steps.filter(({ status }) => status === 'succeeded').length}/${steps.length}`;

/** The step that runs, has failed, or comes next. */
export const currentStep = ({ steps }: Workflow): Step | undefined =>
  steps.find(({ status }) => !finished.has(status));

export function workflowColumns(terminal: Pick<Terminal, 'style'>): Column<Workflow>[] {
  const now = Date.now();
  return [
    { head: 'id', cell: ({ id }) => id },
    {
      head: 'status',
      cell: ({ status }) => status,
      style: (text, { status }) => statusStyle(terminal, status)(text),
    },
    { head: 'device', cell: ({ device_id }) => device_id },
    { head: 'steps', cell: progressOf, right: true },
    { head: 'created', cell: ({ created_at }) => ago(created_at, now) },
    { head: 'name', cell: ({ name }) => name, shrinks: true },
  ];
}

/** All of one workflow. */
export function workflowText(workflow: Workflow, terminal: Terminal): string {
  const { samples } = workflow;
  return [
    factsText([
      ['workflow', workflow.id],
      ['name', workflow.name],
      ['status', workflow.status_reason ? `${workflow.status}: ${workflow.status_reason}` : workflow.status],
      ['device', workflow.device_id + (stillHolds(workflow) ? ', which it still holds: others wait' : '')],
      ['priority', workflow.priority],
      ['by itself', workflow.auto ? 'carries out its steps and completes' : 'no: each step is asked for'],
      ['created', clockTime(workflow.created_at)],
      ['started', workflow.started_at && clockTime(workflow.started_at)],
      ['finished', workflow.finished_at && clockTime(workflow.finished_at)],
      ['samples', samples.length === 0 ? 'none' : barcodesOf(samples.map(({ barcode }) => barcode))],
    ]),
    '\n',
    tableText(stepColumns(terminal), workflow.steps, terminal),
  ].join('');
}

/** It failed, and its samples may be in its device. */
const stillHolds = ({ status, booking_id }: Workflow): boolean => status === 'failed' && booking_id !== null;

const mostBarcodes = 12;
const barcodesOf = (barcodes: string[]): string =>
  barcodes.length <= mostBarcodes
    ? barcodes.join(', ')
    : `${barcodes.slice(0, mostBarcodes).join(', ')} … ${count(barcodes.length, 'sample')} in all (--json has them)`;

export const stepColumns = (terminal: Pick<Terminal, 'style'>): Column<Step>[] => [
  { head: '#', cell: ({ position }) => position, right: true },
  { head: 'step', cell: stepName },
  {
    head: 'status',
    cell: ({ status, attempts }) => (attempts > 1 ? `${status} (try ${attempts})` : status),
    style: (text, { status }) => statusStyle(terminal, status)(text),
  },
  { head: 'took', cell: tookOf, right: true },
  { head: 'what came of it', cell: outcomeOf, shrinks: true },
];

export const stepName = ({ operation, operator_task: task }: Step): string =>
  task ? `by hand: ${task.title}` : operation;

/** Of a device its own log says it, and says nothing where Labwright was stopped meanwhile; a person takes from being asked to the answer. */
export function tookOf(step: Step): string | null {
  const { started_at: from, finished_at: until, duration_ms, operator_task } = step;
  const ms = operator_task && from && until ? Date.parse(until) - Date.parse(from) : duration_ms;
  return ms === null ? null : took(ms);
}

export function outcomeOf(step: Step): string {
  const { error, result, waiting_reasons: reasons, parameters, operator_task: task, started_at: from } = step;
  if (error) return `${error.message} (${error.code})`;
  if (reasons.length > 0) {
    const since = task && from ? ` Since ${clockTime(from)}.` : '';
    return `${reasons.map(({ message }) => message).join(' ')}${since}`;
  }
  if (result) return task ? answersText(task.fields ?? [], result) : briefly(result);
  return Object.keys(parameters).length > 0 ? `with ${briefly(parameters)}` : '';
}

type Asked = NonNullable<NonNullable<Step['operator_task']>['fields']>;

/** The answers of a form, by what it asked: `Any bubbles? no, Volume 5 uL`. */
function answersText(fields: Asked, answers: Record<string, unknown>): string {
  const asked = new Map(fields.map((field) => [field.name, field]));
  return Object.entries(answers)
    .map(([name, value]) => {
      const { label = name, unit } = asked.get(name) ?? {};
      const said = typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
      return `${label} ${said}${unit ? ` ${unit}` : ''}`;
    })
    .join(', ');
}
