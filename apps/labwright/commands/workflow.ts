import type { CreateWorkflowRequest, Step, Workflow } from '@labwright/contract-workflows';
import { UsageError, wholeNumber } from '@labwright/kernel/command-line';
import type { Command } from '../command-line/command.ts';
import { command } from '../command-line/define.ts';
import { generalOptions } from '../command-line/general-options.ts';
import { openLab } from '../lab/open-lab.ts';
import { json } from '../output/words.ts';
import { beginWorkflow } from '../workflow/begin.ts';
import { followWorkflow, outcomeCodes } from '../workflow/follow.ts';
import { nameSteps } from '../workflow/name-steps.ts';
import { afterAsking, afterFailure, afterStep } from '../workflow/next.ts';
import { readWorkflow } from '../workflow/read-workflow.ts';
import { workflowColumns, workflowText } from '../workflow/show.ts';
import { given } from './given.ts';
import { listOptions, printList } from './list.ts';

const workflow = { name: 'WORKFLOW', doc: 'the id of a workflow', completes: 'workflow' } as const;
const priorities = ['urgent', 'normal', 'low'] as const;
const statuses = ['created', 'queued', 'running', 'paused', 'completed', 'failed', 'cancelled'] as const;
const priority = {
  type: 'string',
  value: 'PRIORITY',
  doc: 'urgent, normal or low, where it has to wait',
  completes: priorities,
} as const;
const auto = { type: 'boolean', doc: 'carry out the steps and complete by itself' } as const;
const queue = { type: 'boolean', short: 'q', doc: 'wait in line where the device is busy' } as const;
const watch = {
  type: 'boolean',
  short: 'w',
  doc: 'then follow it until it ends, as workflow watch does',
} as const;
const reason = { type: 'string', value: 'TEXT', doc: 'why: kept in the audit trail' } as const;
const at = (id: string, rest = '') => `/workflows/${encodeURIComponent(id)}${rest}`;

interface Answer {
  message: string;
  workflow: Workflow;
}

const list = command({
  name: 'workflow list',
  summary: 'workflows, newest first',
  options: {
    status: { type: 'string', value: 'STATUS', doc: `one of ${statuses.join(', ')}`, completes: statuses },
    device: { type: 'string', value: 'DEVICE', doc: 'those of this device', completes: 'device' },
    ...listOptions,
    ...generalOptions,
  },
  examples: [
    { line: 'workflow list --status running', says: 'what is under way' },
    { line: 'workflow list --device incubator-1 -n 5', says: 'the last five of one device' },
    { line: 'workflow list --all --json', says: 'everything, for a program' },
  ],
  run: async ({ values, terminal }) => {
    const { workflows } = openLab(values, terminal.env);
    const { status, device: device_id } = values;
    const list = { service: workflows, path: '/workflows', key: 'workflows', query: { status, device_id } };
    const shown = { columns: workflowColumns(terminal), none: 'No workflow is like that.' };
    await printList<Workflow>({ ...list, ...shown }, values, terminal);
    return 0;
  },
});

const show = command({
  name: 'workflow show',
  summary: 'one workflow: its steps, their results, its samples',
  arguments: [workflow],
  options: generalOptions,
  examples: [{ line: 'workflow show 0198f1c2-…', says: 'all of it' }],
  run: async ({ values, words: [id = ''], terminal }) => {
    const { workflows } = openLab(values, terminal.env);
    const one = await workflows.get<Workflow>(at(id));
    terminal.say(values.json ? json(one) : workflowText(one, terminal));
    if (!values.json) terminal.tell(one.status === 'failed' ? afterFailure(one) : afterAsking(one));
    return 0;
  },
});

const create = command({
  name: 'workflow create',
  summary: 'describe a workflow: by options, or in a file',
  notes: [
    'A file is YAML or JSON with name, device_id, steps, sample_barcodes, priority, auto, as POST /workflows takes them; - is standard input. What an option says goes before the file. A step is an operation, an operation with parameters in JSON (\'incubate {"duration_s": 300}\'), or, in a file, an operator_task.',
    'Prints the id alone where it is piped: id=$(labwright workflow create …).',
  ],
  arguments: [{ name: 'FILE', doc: 'the same as --file', optional: true, completes: 'file' }],
  options: {
    file: {
      type: 'string',
      short: 'f',
      value: 'FILE',
      doc: 'the description, as YAML or JSON',
      completes: 'file',
    },
    name: { type: 'string', value: 'NAME', doc: 'what it is called' },
    device: { type: 'string', value: 'DEVICE', doc: 'the device that it uses', completes: 'device' },
    step: {
      type: 'string',
      multiple: true,
      value: 'STEP',
      doc: 'an operation, perhaps with its parameters as JSON',
    },
    sample: { type: 'string', multiple: true, value: 'BARCODE', doc: 'the barcode of a sample; also a,b' },
    priority,
    auto,
    start: { type: 'boolean', doc: 'start it at once; with --queue wait in line' },
    queue,
    watch,
    ...generalOptions,
  },
  examples: [
    {
      line: 'workflow create --name "First" --device liquid-handler-1 --step pipette_transfer --step dispense_reagent --sample SAMPLE001,SAMPLE002',
      says: 'two operations, two samples',
    },
    {
      line: 'workflow create transfer.yaml --start --queue --auto --watch',
      says: 'out of a file, and off it goes',
    },
  ],
  exitCodes: outcomeCodes,
  run: async ({ values, words: [named], terminal }) => {
    const lab = openLab(values, terminal.env);
    if (named !== undefined && values.file !== undefined)
      throw new UsageError(`Which file is it, ${named} or ${values.file}? One of them.`);
    if (!values.start && (values.queue || values.watch))
      throw new UsageError('--queue and --watch are for a workflow that starts: add --start.');
    const body: CreateWorkflowRequest = await readWorkflow({ file: named, ...values }, terminal);
    const asked = lab.workflows.send<Workflow>('POST', '/workflows', { body });
    // Programs have the places as the service names them.
    const made = await (values.json ? asked : nameSteps(body, asked));
    if (!values.start) {
      if (values.json) terminal.say(json(made));
      else if (terminal.stdout.isTTY) {
        terminal.say(`Workflow ${made.id} was made.\n`);
        terminal.tell(`Start it: labwright workflow start ${made.id}\n`);
      } else terminal.say(`${made.id}\n`);
      return 0;
    }
    return beginWorkflow(lab, { verb: 'start', id: made.id, made }, values, terminal);
  },
});

const start = command({
  name: 'workflow start',
  summary: 'book the device and start',
  arguments: [workflow],
  options: { queue, priority, auto, watch, ...generalOptions },
  examples: [
    { line: 'workflow start ID', says: 'refused with 7 where the device is busy' },
    {
      line: 'workflow start ID --queue --priority urgent --auto --watch',
      says: 'wait for it, do all steps, and look on',
    },
  ],
  exitCodes: outcomeCodes,
  run: async ({ values, words: [id = ''], terminal }) =>
    beginWorkflow(openLab(values, terminal.env), { verb: 'start', id }, values, terminal),
});

const resume = command({
  name: 'workflow resume',
  summary: 'book the device again for a paused workflow',
  arguments: [workflow],
  options: { queue, priority, reason, watch, ...generalOptions },
  examples: [{ line: 'workflow resume ID --queue', says: 'go on as soon as the device is free' }],
  exitCodes: outcomeCodes,
  run: async ({ values, words: [id = ''], terminal }) =>
    beginWorkflow(openLab(values, terminal.env), { verb: 'resume', id }, values, terminal),
});

const step = command({
  name: 'workflow step',
  summary: 'carry out the next step, or the failed one again',
  notes: ['Ends with 0 where the step succeeded, with 1 where it failed or nobody knows.'],
  arguments: [workflow],
  options: {
    wait: { type: 'string', value: 'SECONDS', doc: 'how long to wait for its outcome, at most 60 (30)' },
    ...generalOptions,
  },
  examples: [
    { line: 'workflow step ID', says: 'the next one' },
    { line: 'workflow step ID --wait 0', says: 'begin it, and do not wait' },
  ],
  run: async ({ values, words: [id = ''], terminal }) => {
    const { workflows } = openLab(values, terminal.env);
    const waitSeconds = wholeNumber('--wait', values.wait ?? '30', { minimum: 0, maximum: 60 });
    const answer = await workflows.send<Answer & { step: Step }>('POST', at(id, '/execute-step'), {
      body: { wait_seconds: waitSeconds },
      waitSeconds,
    });
    terminal.say(values.json ? json(answer) : `${answer.message}.\n`);
    const { step: done, workflow: after } = answer;
    if (!values.json) terminal.tell(afterStep(done, after));
    return done.status === 'failed' || done.status === 'unknown' ? 1 : 0;
  },
});

/** What takes a workflow and perhaps a reason. */
const action = (verb: 'pause' | 'complete' | 'cancel', summary: string, notes: string[]) =>
  command({
    name: `workflow ${verb}`,
    summary,
    notes,
    arguments: [workflow],
    options: { reason, ...generalOptions },
    examples: [{ line: `workflow ${verb} ID`, says: summary }],
    run: async ({ values, words: [id = ''], terminal }) => {
      const { workflows } = openLab(values, terminal.env);
      const answer = await workflows.send<Answer>('POST', at(id, `/${verb}`), {
        body: given({ reason: values.reason }),
      });
      terminal.say(values.json ? json(answer) : `${answer.message}.\n`);
      return 0;
    },
  });

const resolve = command({
  name: 'workflow resolve',
  summary: 'tell what became of a step whose outcome nobody knows',
  arguments: [
    workflow,
    {
      name: 'OUTCOME',
      doc: 'succeeded or failed, as you saw it at the instrument',
      completes: ['succeeded', 'failed'],
    },
  ],
  options: { reason: { ...reason, doc: 'how you know: required' }, ...generalOptions },
  examples: [{ line: 'workflow resolve ID succeeded --reason "the plate is full"', says: 'somebody looked' }],
  run: async ({ values, words: [id = '', outcome = ''], terminal }) => {
    if (outcome !== 'succeeded' && outcome !== 'failed')
      throw new UsageError(`An outcome is succeeded or failed, not "${outcome}".`);
    if (!values.reason) throw new UsageError('How do you know? --reason TEXT is kept in the audit trail.');
    const { workflows } = openLab(values, terminal.env);
    const body = { outcome, reason: values.reason };
    const answer = await workflows.send<Answer>('POST', at(id, '/resolve-step'), { body });
    terminal.say(values.json ? json(answer) : `${answer.message}.\n`);
    const done = answer.workflow.steps.findLast(({ status }) => status === outcome);
    if (done && !values.json) terminal.tell(afterStep(done, answer.workflow));
    return 0;
  },
});

const remove = command({
  name: 'workflow delete',
  summary: 'delete a workflow that was never started',
  arguments: [workflow],
  options: generalOptions,
  examples: [{ line: 'workflow delete ID', says: 'as if it had never been described' }],
  run: async ({ values, words: [id = ''], terminal }) => {
    const { workflows } = openLab(values, terminal.env);
    const answer = await workflows.send<Answer>('DELETE', at(id));
    terminal.say(values.json ? json(answer) : `${answer.message}.\n`);
    return 0;
  },
});

const follow = command({
  name: 'workflow watch',
  summary: 'follow one workflow until it ends; the exit code tells how',
  notes: [
    'On a terminal its steps are redrawn as they go; elsewhere each change is a line. With --json each change is one JSON object a line. Ctrl-C stops looking, and changes nothing.',
  ],
  arguments: [workflow],
  options: {
    timeout: { type: 'string', value: 'TIME', doc: 'look no longer than that: 30s, 5m, 2h' },
    ...generalOptions,
  },
  examples: [
    { line: 'workflow watch ID', says: 'until it is completed, has failed, or was cancelled' },
    { line: 'workflow watch ID --timeout 10m || echo "see to it"', says: 'in a script' },
  ],
  exitCodes: outcomeCodes,
  run: async ({ values, words: [id = ''], terminal }) =>
    followWorkflow(openLab(values, terminal.env), id, terminal, {
      asJson: values.json === true,
      timeout: values.timeout,
    }),
});

export const workflowCommands: Command[] = [
  list,
  show,
  create,
  start,
  step,
  follow,
  action('pause', 'release the device until the workflow is resumed', []),
  resume,
  action('complete', 'release the device and end', ['Steps that were not carried out are skipped.']),
  action('cancel', 'release the device, leave its queue and give up', []),
  resolve,
  remove,
];
