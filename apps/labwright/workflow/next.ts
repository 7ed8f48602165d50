import type { Step, Workflow } from '@labwright/contract-workflows';
import { plain } from '../output/width.ts';
import { currentStep, stepName } from './show.ts';

/** What to type once a workflow was started or resumed. */
export function afterBegin({ id, status, auto }: Workflow): string {
  if (status === 'queued')
    return `It starts when it is its turn. Follow it: labwright workflow watch ${id}\n`;
  return auto
    ? `Follow it: labwright workflow watch ${id}\n`
    : `Carry out its steps: labwright workflow step ${id}\n`;
}

const isOver: ReadonlySet<Step['status']> = new Set(['succeeded', 'skipped']);

/** What to type once a step has come to its end. */
export function afterStep(done: Step, workflow: Workflow): string {
  const { id, auto, steps } = workflow;
  if (done.status === 'failed' || done.status === 'unknown') return afterFailure(workflow);
  if (done.status !== 'succeeded') return `Follow it: labwright workflow watch ${id}\n`;
  // One that runs by itself may be at the next one already.
  const left = steps.some(({ position, status }) => position > done.position && !isOver.has(status));
  if (auto)
    return `${left ? 'The others follow by themselves' : 'That was the last one: it completes by itself'}. Follow it: labwright workflow watch ${id}\n`;
  return left
    ? `The next one: labwright workflow step ${id}\n`
    : `That was the last one: labwright workflow complete ${id}\n`;
}

/** What to type once a workflow has failed: it keeps its device until somebody decides. */
export function afterFailure(workflow: Workflow): string {
  const { id } = workflow;
  const step = currentStep(workflow);
  if (!step) return '';
  const name = `step ${step.position} (${plain(stepName(step))})`;
  const choices = [
    step.status === 'unknown'
      ? [`say what became of ${name}`, `labwright workflow resolve ${id} succeeded|failed --reason TEXT`]
      : [`do ${name} again`, `labwright workflow step ${id}`],
    ['give up, and release the device', `labwright workflow cancel ${id}`],
  ];
  const width = Math.max(...choices.map(([what = '']) => what.length));
  return [
    'It keeps its device until you decide:',
    ...choices.map(([what = '', line]) => `  ${what.padEnd(width)}  ${line}`),
    '',
  ].join('\n');
}

/** What to type where a workflow waits for a person. */
export function afterAsking({ steps }: Workflow): string {
  const task = steps
    .flatMap(({ waiting_reasons }) => waiting_reasons)
    .find(({ code }) => code === 'operator_task')?.task_id;
  return task ? `What is to be done: labwright tasks show ${task}\n` : '';
}
