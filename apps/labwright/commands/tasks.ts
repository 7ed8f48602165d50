import type { HistoryEntry, Task } from '@labwright/contract-hub/tasks';
import type { Workflow } from '@labwright/contract-workflows';
import { UsageError, wholeNumber } from '@labwright/kernel/command-line';
import { isProblem, Problem } from '@labwright/kernel/errors';
import type { Command } from '../command-line/command.ts';
import { command } from '../command-line/define.ts';
import { generalOptions } from '../command-line/general-options.ts';
import type { Terminal } from '../command-line/terminal.ts';
import { type Lab, openLab } from '../lab/open-lab.ts';
import { gather, pages } from '../lab/pages.ts';
import type { Service } from '../lab/service.ts';
import { tableText } from '../output/table.ts';
import { plain } from '../output/width.ts';
import { json } from '../output/words.ts';
import { historyColumns, statusOf, taskColumns, taskText } from '../tasks/show.ts';
import { readValues } from '../tasks/values.ts';
import { given } from './given.ts';
import { listOptions, oneOf, printList } from './list.ts';

const task = { name: 'TASK', doc: 'the id of a task', completes: 'task' } as const;
const statuses = ['active', 'open', 'in_progress', 'completed', 'cancelled'] as const;
const version = {
  type: 'string',
  value: 'N',
  doc: 'the version that you have seen: refused with 7, and how it stands now, where somebody changed it since',
} as const;
const at = (id: string, rest = '') => `/tasks/${encodeURIComponent(id)}${rest}`;
const raceNote =
  'Where somebody was quicker it ends with 7, says how the task stands now and by whom, and changes nothing.';

const list = command({
  name: 'tasks',
  summary: 'work for human hands: what is to be done, the earliest due first',
  notes: ['With --status another than active: newest first.'],
  options: {
    mine: { type: 'boolean', doc: 'in your hand, or for you alone' },
    'my-role': { type: 'boolean', doc: 'for a role that you have' },
    status: {
      type: 'string',
      value: 'STATUS',
      doc: 'active (open or in_progress), open, in_progress, completed or cancelled',
      completes: statuses,
    },
    workflow: { type: 'string', value: 'WORKFLOW', doc: 'of this workflow', completes: 'workflow' },
    device: { type: 'string', value: 'DEVICE', doc: 'at this device', completes: 'device' },
    'due-before': { type: 'string', value: 'TIME', doc: 'due before this ISO 8601 time' },
    ...listOptions,
    ...generalOptions,
  },
  examples: [
    { line: 'tasks', says: 'what there is to do' },
    { line: 'tasks --mine', says: '… for you' },
    { line: 'tasks --status completed -n 5 --json', says: 'what was done last, for a program' },
  ],
  run: async ({ values, terminal }) => {
    const { hub } = openLab(values, terminal.env);
    const status = oneOf('--status', values.status, statuses) ?? 'active';
    const query = {
      status,
      order: status === 'active' ? 'due' : 'newest',
      mine: values.mine,
      my_role: values['my-role'],
      workflow_id: values.workflow,
      device_id: values.device,
      due_before: values['due-before'],
    };
    const none = status === 'active' ? 'Nothing is to be done.' : 'No task is like that.';
    const columns = taskColumns(terminal);
    await printList<Task>(
      { service: hub, path: '/tasks', key: 'tasks', query, columns, none },
      values,
      terminal,
    );
    return 0;
  },
});

const show = command({
  name: 'tasks show',
  summary: 'one task: what is to be done, its form, and how it stands',
  notes: ['Fields with * have to be filled in.'],
  arguments: [task],
  options: generalOptions,
  examples: [{ line: 'tasks show TASK', says: 'all of it' }],
  run: async ({ values, words: [id = ''], terminal }) => {
    const lab = openLab(values, terminal.env);
    const one = await lab.hub.get<Task>(at(id));
    terminal.say(values.json ? json(one) : taskText(one, await workflowName(lab, one), terminal));
    return 0;
  },
});

/** Undefined where workflow-service is away, or does not know it: then its id has to do. */
const workflowName = async ({ workflows }: Lab, { workflow_id: id }: Task): Promise<string | undefined> =>
  id === null
    ? undefined
    : workflows.get<Workflow>(`/workflows/${encodeURIComponent(id)}`).then(
        ({ name }) => name,
        () => undefined,
      );

const history = command({
  name: 'tasks history',
  summary: 'what happened to a task and what was said about it, oldest first',
  arguments: [task],
  options: generalOptions,
  examples: [{ line: 'tasks history TASK', says: 'who did what' }],
  run: async ({ values, words: [id = ''], terminal }) => {
    const { hub } = openLab(values, terminal.env);
    const found = await gather(pages<HistoryEntry>(hub, at(id, '/history'), 'history'));
    terminal.say(values.json ? json(found) : tableText(historyColumns, found, terminal));
    return 0;
  },
});

interface ActionValues {
  json?: boolean | undefined;
  version?: string | undefined;
}

/** Asks for a change of a task, and says what became of it. */
async function act(
  hub: Service,
  { id, verb, body }: { id: string; verb: string; body: Record<string, unknown> },
  values: ActionValues,
  terminal: Terminal,
): Promise<Task> {
  const after = await hub.send<Task>('POST', at(id, `/${verb}`), { body: given(body) });
  terminal.say(values.json ? json(after) : `${sentenceOf(after)}\n`);
  return after;
}

function sentenceOf(after: Task): string {
  const { holder, status } = after;
  const how = status === 'in_progress' && holder ? `in hand of ${holder.name}` : statusOf(after);
  return plain(`"${after.title}" is ${how} now, version ${after.version}.`);
}

const versionOf = ({ version: text }: ActionValues): number | undefined =>
  text === undefined ? undefined : wholeNumber('--version', text, { minimum: 1, maximum: 2_147_483_647 });

const take = command({
  name: 'tasks take',
  summary: 'take a task in hand: who comes first has it',
  notes: [raceNote],
  arguments: [task],
  options: { version, ...generalOptions },
  examples: [{ line: 'tasks take TASK', says: 'so that nobody else does it too' }],
  run: async ({ values, words: [id = ''], terminal }) => {
    const { hub } = openLab(values, terminal.env);
    const body = { version: versionOf(values) };
    const { fields } = await act(hub, { id, verb: 'claim', body }, values, terminal);
    const form = fields.map(({ name }) => ` --set ${name}=…`).join('');
    if (!values.json) terminal.tell(`Once it is done: labwright tasks complete ${id}${form}\n`);
    return 0;
  },
});

const complete = command({
  name: 'tasks complete',
  summary: 'say that a task is done, with the values of its form',
  notes: [
    'Takes it in hand on the way. A number is in the unit of its field, a date is YYYY-MM-DD, a yes_no is yes or no; labwright tasks show TASK lists the fields. Every value that will not do is named, and nothing is stored.',
    raceNote,
  ],
  arguments: [task],
  options: {
    set: {
      type: 'string',
      short: 's',
      multiple: true,
      value: 'NAME=VALUE',
      doc: 'the value of a field',
      completes: 'field',
    },
    comment: { type: 'string', value: 'TEXT', doc: 'what else there is to say: kept in its history' },
    version,
    ...generalOptions,
  },
  examples: [
    { line: 'tasks complete TASK --set volume=12.5 --set sealed=yes', says: 'done, and how' },
    { line: 'tasks complete TASK --comment "The second seal was loose"', says: 'a task without a form' },
  ],
  run: async ({ values, words: [id = ''], terminal }) => {
    const { hub } = openLab(values, terminal.env);
    // What the values mean is said by this form: where it is another one by then, nothing is handed in.
    const seen = await hub.get<Task>(at(id));
    const body = {
      version: versionOf(values) ?? seen.version,
      values: readValues(seen.fields, values.set ?? []),
      comment: values.comment,
    };
    const done = await complain(act(hub, { id, verb: 'complete', body }, values, terminal));
    if (done.step !== null && !values.json)
      terminal.tell(`Step ${done.step} of workflow ${done.workflow_id} goes on with that.\n`);
    return 0;
  },
});

/** Faults by the names that were typed, and not by the places of the request. */
async function complain(asked: Promise<Task>): Promise<Task> {
  try {
    return await asked;
  } catch (error) {
    if (!isProblem(error, 'invalid_values') || !error.faults) throw error;
    const faults = error.faults.map(({ path, message }) => `${path.replace('body.values.', '')} ${message}`);
    throw new Problem(error.code, error, `Nothing was stored: ${faults.join('; ')}.`);
  }
}

const withReason = (
  verb: 'cancel' | 'reopen' | 'release',
  { summary, notes, says }: { summary: string; notes: string[]; says: string },
) =>
  command({
    name: `tasks ${verb}`,
    summary,
    notes: [...notes, raceNote],
    arguments: [task],
    options: {
      reason: {
        type: 'string',
        value: 'TEXT',
        doc: `why: kept in its history${verb === 'release' ? '' : '; required'}`,
      },
      version,
      ...generalOptions,
    },
    examples: [{ line: `tasks ${verb} TASK --reason "${says}"`, says: summary }],
    run: async ({ values, words: [id = ''], terminal }) => {
      if (!values.reason && verb !== 'release')
        throw new UsageError('Say why: --reason TEXT is kept in the history of the task.');
      const { hub } = openLab(values, terminal.env);
      const body = { version: versionOf(values), reason: values.reason };
      await act(hub, { id, verb, body }, values, terminal);
      return 0;
    },
  });

const comment = command({
  name: 'tasks comment',
  summary: 'say something about a task; it stands in its history',
  arguments: [task, { name: 'TEXT', doc: 'what there is to say', many: true }],
  options: generalOptions,
  examples: [{ line: 'tasks comment TASK "The seals are on order"', says: 'for whoever takes it' }],
  run: async ({ values, words: [id = '', ...text], terminal }) => {
    const { hub } = openLab(values, terminal.env);
    const after = await hub.send<Task>('POST', at(id, '/comments'), { body: { text: text.join(' ') } });
    terminal.say(values.json ? json(after) : `It stands in the history of "${plain(after.title)}".\n`);
    return 0;
  },
});

export const taskCommands: Command[] = [
  list,
  show,
  history,
  take,
  complete,
  withReason('release', {
    summary: 'give a task back; an operator also takes it from somebody else',
    notes: [],
    says: 'my shift is over',
  }),
  withReason('cancel', {
    summary: 'nobody needs to do a task any more, or nobody can',
    notes: ['A step of a workflow that waits for it fails.'],
    says: 'the plate was thrown away',
  }),
  withReason('reopen', {
    summary: 'have a task done again',
    notes: [],
    says: 'one well was missed',
  }),
  comment,
];
