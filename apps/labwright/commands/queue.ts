import type { Booking, Device, PriorityPreview, WaitingEntry, WaitTime } from '@labwright/contract-devices';
import { UsageError } from '@labwright/kernel/command-line';
import { command } from '../command-line/define.ts';
import { exitCode } from '../command-line/exit-codes.ts';
import { generalOptions } from '../command-line/general-options.ts';
import type { Terminal } from '../command-line/terminal.ts';
import { type Holders, readQueued, withNames } from '../devices/holders.ts';
import { type Lab, openLab } from '../lab/open-lab.ts';
import { gather, pages } from '../lab/pages.ts';
import { type Column, factsText, tableText } from '../output/table.ts';
import { ago, clockTime, count, json, statusStyle } from '../output/words.ts';
import { showPreview } from '../queue/preview.ts';
import { reasonsText, waitText } from '../queue/wait.ts';
import { commaList } from './comma-list.ts';

const device = { name: 'DEVICE', doc: 'the id of a device', completes: 'device' } as const;
const workflow = { name: 'WORKFLOW', doc: 'the id of a workflow', completes: 'workflow' } as const;
const priorities = ['urgent', 'normal', 'low'] as const;
const reason = {
  type: 'string',
  value: 'TEXT',
  doc: "why: needed for an entry of somebody else's, where people have accounts",
} as const;
const at = (id: string, rest: string) => `/devices/${encodeURIComponent(id)}/${rest}`;

const queueOf = ({ devices }: Lab, id: string) =>
  gather(pages<WaitingEntry>(devices, at(id, 'queue'), 'queue'));

const queueCommand = command({
  name: 'queue',
  summary: 'who waits for a device, in the order in which they get it, and how long',
  notes: [
    '"2 s to 13 s": half of such waits end within 2 s, nine in ten within 13 s. – where nobody can say: the device is paused or in maintenance, or its holder waits for somebody. The last column says which.',
  ],
  arguments: [{ ...device, doc: 'of this device; without it of all', optional: true }],
  options: generalOptions,
  examples: [
    { line: 'queue', says: 'everybody who waits, for whatever device' },
    { line: 'queue liquid-handler-1', says: 'the queue of one device' },
  ],
  run: async ({ values, words: [id], terminal }) => {
    const lab = openLab(values, terminal.env);
    const ids = id === undefined ? await deviceIds(lab) : [id];
    const queues: WaitingEntry[] = [];
    for (const one of ids) queues.push(...(await queueOf(lab, one)));
    if (values.json) terminal.say(json(queues));
    else if (queues.length === 0) terminal.tell(`Nobody waits${id === undefined ? '' : ` for ${id}`}.\n`);
    else
      terminal.say(tableText(columns(terminal, id === undefined, await readQueued(lab)), queues, terminal));
    return 0;
  },
});

const deviceIds = async ({ devices }: Lab) =>
  (await gather(pages<Device>(devices, '/devices', 'devices'))).map(({ id }) => id);

function columns(terminal: Terminal, many: boolean, known: Holders): Column<WaitingEntry>[] {
  const now = Date.now();
  const nameOf = ({ workflow_id }: WaitingEntry) => known.get(workflow_id)?.name;
  const name = { head: 'name', cell: nameOf, shrinks: true, spare: 3 } as const;
  return [
    ...(many
      ? [{ head: 'device', cell: ({ device_id }: WaitingEntry) => device_id, shrinks: true as const }]
      : []),
    { head: '#', cell: ({ position }) => position, right: true },
    ...(known.size > 0 ? [name] : []),
    { head: 'workflow', cell: ({ workflow_id }) => workflow_id },
    {
      head: 'priority',
      cell: ({ priority }) => priority,
      style: (text, { priority }) => statusStyle(terminal, priority)(text),
    },
    { head: 'queued', cell: ({ queued_at }) => ago(queued_at, now), spare: 1 },
    { head: 'starts in', cell: ({ estimate }) => waitText(estimate.seconds, estimate.seconds_p90) },
    {
      head: 'why',
      cell: ({ waiting_reasons }) => withNames(reasonsText(waiting_reasons), known),
      shrinks: true,
      spare: 2,
    },
  ];
}

const position = command({
  name: 'queue position',
  summary: 'where a workflow stands in line, how long it waits, and why',
  arguments: [
    device,
    { ...workflow, doc: 'a workflow that waits; without it: if one queued now', optional: true },
  ],
  options: {
    priority: {
      type: 'string',
      value: 'PRIORITY',
      doc: 'of one that would queue now: urgent, normal or low',
      completes: priorities,
    },
    ...generalOptions,
  },
  examples: [
    { line: 'queue position liquid-handler-1 4711', says: 'how long does workflow 4711 wait?' },
    { line: 'queue position liquid-handler-1 --priority urgent', says: 'how long would an urgent one?' },
  ],
  run: async ({ values, words: [id = '', workflow_id], terminal }) => {
    const lab = openLab(values, terminal.env);
    const priority = readPriority(values.priority);
    const query = { workflow_id, priority };
    const answer = await lab.devices.get<WaitTime>(at(id, 'wait-time'), { query });
    terminal.say(values.json ? json(answer) : waitFacts(answer, await readQueued(lab)));
    return 0;
  },
});

function waitFacts(wait: WaitTime, known: Holders): string {
  const { position: place, queue_length, estimated_start_at: start } = wait;
  return factsText([
    ['device', wait.device_id],
    ['place', place === 0 ? 'it holds the device' : `${place} (${count(queue_length, 'workflow')} in line)`],
    [
      'starts in',
      place === 0 ? null : waitText(wait.estimated_wait_seconds, wait.estimated_wait_seconds_p90),
    ],
    ['at', place === 0 || start === null ? null : clockTime(start)],
    ...wait.waiting_reasons.map(
      ({ text }, index) => [index === 0 ? 'why' : '', withNames(text, known)] as const,
    ),
  ]);
}

interface Enqueued {
  message: string;
  entry: WaitingEntry;
  booking: Booking | null;
}

const add = command({
  name: 'queue add',
  summary: 'book a device as soon as it is free',
  notes: [
    'Books at once where it is free. Workflows do so by themselves: labwright workflow start WORKFLOW --queue.',
  ],
  arguments: [device, workflow],
  options: {
    priority: {
      type: 'string',
      value: 'PRIORITY',
      doc: 'urgent, normal (the default) or low',
      completes: priorities,
    },
    operations: {
      type: 'string',
      value: 'a,b',
      doc: 'what is to be done, so that those who wait know how long',
    },
    ...generalOptions,
  },
  examples: [{ line: 'queue add plate-reader-1 by-hand --priority low', says: 'wait behind everybody else' }],
  run: async ({ values, words: [id = '', workflow_id = ''], terminal }) => {
    const { devices } = openLab(values, terminal.env);
    const operations = commaList(values.operations);
    const priority = readPriority(values.priority);
    const body = {
      workflow_id,
      ...(priority ? { priority } : {}),
      ...(operations.length > 0 ? { operations } : {}),
    };
    const answer = await devices.send<Enqueued>('POST', at(id, 'queue'), { body });
    terminal.say(values.json ? json(answer) : `${answer.message}.\n`);
    return 0;
  },
});

const cancel = command({
  name: 'queue cancel',
  summary: 'take a workflow out of the queue of a device',
  arguments: [device, workflow],
  options: { reason, ...generalOptions },
  examples: [{ line: 'queue cancel plate-reader-1 by-hand', says: 'it does not wait any more' }],
  run: async ({ values, words: [id = '', workflowId = ''], terminal }) => {
    const lab = openLab(values, terminal.env);
    const entry = await entryOf(lab, id, workflowId, terminal);
    if (!entry) return exitCode.notFound;
    const answer = await lab.devices.send<{ message: string }>('DELETE', at(id, `queue/${entry.id}`), {
      body: values.reason === undefined ? {} : { reason: values.reason },
    });
    terminal.say(values.json ? json(answer) : `Workflow ${workflowId} does not wait for ${id} any more.\n`);
    return 0;
  },
});

async function entryOf(lab: Lab, id: string, workflowId: string, terminal: Terminal) {
  const entry = (await queueOf(lab, id)).find(({ workflow_id }) => workflow_id === workflowId);
  if (!entry)
    terminal.tell(`Workflow ${workflowId} does not wait for ${id}. labwright queue ${id} shows who does.\n`);
  return entry;
}

function readPriority(text: string | undefined): (typeof priorities)[number] | undefined {
  const found = priorities.find((one) => one === text);
  if (text !== undefined && !found)
    throw new UsageError(`A priority is urgent, normal or low, not "${text}".`);
  return found;
}

const priority = command({
  name: 'queue priority',
  summary: 'move a workflow that waits to another priority',
  notes: [
    'Within its new priority it keeps the time at which it queued. Who would wait longer for it: labwright queue preview.',
  ],
  arguments: [
    device,
    workflow,
    { name: 'PRIORITY', doc: 'urgent, normal or low', optional: true, completes: priorities },
  ],
  options: {
    priority: {
      type: 'string',
      value: 'PRIORITY',
      doc: 'the same as PRIORITY, one of which is required',
      completes: priorities,
    },
    reason,
    ...generalOptions,
  },
  examples: [
    { line: 'queue priority liquid-handler-1 4711 urgent', says: 'before everybody who is not urgent' },
  ],
  run: async ({ values, words: [id = '', workflow_id = '', word], terminal }) => {
    const lab = openLab(values, terminal.env);
    const chosen = chosenPriority(word, values.priority);
    const before = await entryOf(lab, id, workflow_id, terminal);
    if (!before) return exitCode.notFound;
    // Decided by what is seen here: where somebody else moved or booked it meanwhile, nothing is changed.
    const body = {
      priority: chosen,
      expected_priority: before.priority,
      ...(values.reason === undefined ? {} : { reason: values.reason }),
    };
    const answer = await lab.devices.send<Omit<Enqueued, 'booking'>>('PATCH', at(id, `queue/${before.id}`), {
      body,
    });
    terminal.say(
      values.json
        ? json({ ...answer, booking: null })
        : `Workflow ${workflow_id} is ${answer.entry.priority} now: place ${answer.entry.position} instead of ${before.position}.\n`,
    );
    return 0;
  },
});

const preview = command({
  name: 'queue preview',
  summary: 'who would wait longer or shorter, and by how much, if a workflow had another priority',
  notes: ['By the estimates of the queue; nothing is changed. labwright queue priority does it.'],
  arguments: [
    device,
    workflow,
    { name: 'PRIORITY', doc: 'the same as --priority', optional: true, completes: priorities },
  ],
  options: {
    priority: {
      type: 'string',
      value: 'PRIORITY',
      doc: 'the one that it would have: urgent, normal or low; required',
      completes: priorities,
    },
    ...generalOptions,
  },
  examples: [{ line: 'queue preview liquid-handler-1 4711 --priority urgent', says: 'whom would it delay?' }],
  run: async ({ values, words: [id = '', workflowId = '', word], terminal }) => {
    const lab = openLab(values, terminal.env);
    const chosen = chosenPriority(word, values.priority);
    const entry = await entryOf(lab, id, workflowId, terminal);
    if (!entry) return exitCode.notFound;
    const query = { priority: chosen };
    const answer = await lab.devices.get<PriorityPreview>(at(id, `queue/${entry.id}/preview`), { query });
    if (values.json) terminal.say(json(answer));
    else showPreview(answer, terminal);
    return 0;
  },
});

/** As a word or as an option: both are typed. */
function chosenPriority(word: string | undefined, option: string | undefined) {
  if (word !== undefined && option !== undefined && word !== option)
    throw new UsageError(`Which priority is it, ${word} or ${option}? One of them.`);
  const chosen = readPriority(option ?? word);
  if (!chosen) throw new UsageError('Which priority? --priority takes urgent, normal or low.');
  return chosen;
}

export const queueCommands = [queueCommand, position, preview, priority, add, cancel];
