import type { Device, DeviceOverview, DeviceView, Execution } from '@labwright/contract-devices';
import { command } from '../command-line/define.ts';
import { generalOptions } from '../command-line/general-options.ts';
import type { Terminal } from '../command-line/terminal.ts';
import { readHolders } from '../devices/holders.ts';
import { deviceColumns, deviceText } from '../devices/show.ts';
import { openLab } from '../lab/open-lab.ts';
import { gather, pages } from '../lab/pages.ts';
import { tableText } from '../output/table.ts';
import { json, span } from '../output/words.ts';
import { deviceFaultCommand } from './device-faults.ts';

const device = { name: 'DEVICE', doc: 'the id of a device', completes: 'device' } as const;
const reason = { type: 'string', value: 'TEXT', doc: 'why: kept in the audit trail' } as const;
const at = (id: string, rest = '') => `/devices/${encodeURIComponent(id)}${rest}`;

const devicesCommand = command({
  name: 'devices',
  summary: 'the devices: who holds them, at which step, and how many wait',
  arguments: [{ ...device, doc: 'the id of one, to see all of it', optional: true }],
  options: {
    status: {
      type: 'string',
      value: 'STATUS',
      doc: 'available, busy or maintenance',
      completes: ['available', 'busy', 'maintenance'],
    },
    type: { type: 'string', value: 'TYPE', doc: 'a kind of device: liquid_handler, incubator, …' },
    capability: { type: 'string', value: 'OPERATION', doc: 'those that can do this operation' },
    ...generalOptions,
  },
  examples: [
    { line: 'devices', says: 'all of them' },
    { line: 'devices --status available --capability incubate', says: 'who could incubate now' },
    { line: 'devices liquid-handler-1', says: 'one of them' },
  ],
  run: async ({ values, words: [id], terminal }) => {
    const lab = openLab(values, terminal.env);
    if (id !== undefined) {
      const one = await lab.devices.get<DeviceView>(at(id));
      terminal.say(values.json ? json(one) : deviceText(one, await readHolders(lab, [one])));
      return 0;
    }
    const { status, type, capability } = values;
    const query = { status, type, capability };
    const found = await gather(pages<DeviceOverview>(lab.devices, '/overview', 'devices', { query }));
    if (values.json) terminal.say(json(found));
    else if (found.length === 0) terminal.tell('No device is like that.\n');
    else terminal.say(tableText(deviceColumns(terminal, await readHolders(lab, found)), found, terminal));
    return 0;
  },
});

/** The four changes of a device that take its id and nothing else. */
const change = (
  name: string,
  summary: string,
  notes: string[],
  body: { status?: string; paused?: boolean },
) =>
  command({
    name: `devices ${name}`,
    summary,
    notes,
    arguments: [device],
    options: generalOptions,
    examples: [{ line: `devices ${name} liquid-handler-1`, says: summary }],
    run: async ({ values, words: [id = ''], terminal }) => {
      const { devices } = openLab(values, terminal.env);
      const answer = await devices.send<{ message: string; device: Device }>('PATCH', at(id), { body });
      terminal.say(values.json ? json(answer) : `${answer.message}.\n`);
      return 0;
    },
  });

const maintenance = change(
  'maintenance',
  'take a device out of service',
  ['Nobody books it any more; whoever holds it may finish, and those who wait stay in line.'],
  { status: 'maintenance' },
);
const available = change(
  'available',
  'bring a device back from maintenance',
  ['It goes to the first of its queue at once.'],
  { status: 'available' },
);
const pause = change(
  'pause',
  'start no more operations on a device',
  ['Its booking stays, and what runs ends.'],
  {
    paused: true,
  },
);
const resume = change('resume', 'let a paused device go on', [], { paused: false });

const abort = command({
  name: 'devices abort',
  summary: 'stop what a device is doing',
  notes: [
    'The instrument is told to stop; the step has failed and can be carried out again. The booking stays.',
    'Ends with 1 where it did not stop in ten seconds: look at it.',
  ],
  arguments: [device],
  options: { reason, ...generalOptions },
  examples: [
    { line: 'devices abort liquid-handler-1 --reason "tip box jammed"', says: 'stop it, and say why' },
  ],
  run: async ({ values, words: [id = ''], terminal }) => {
    const { devices } = openLab(values, terminal.env);
    const body = values.reason === undefined ? {} : { reason: values.reason };
    const answer = await devices.send<{ message: string; execution: Execution }>('POST', at(id, '/abort'), {
      body,
      waitSeconds: 10,
    });
    terminal.say(values.json ? json(answer) : `${answer.message}.\n`);
    return answer.execution.status === 'running' ? 1 : 0;
  },
});

interface Operation {
  name: string;
  description: string;
  safe_to_repeat: boolean;
  typical_seconds: number | null;
  parameters: { properties?: Record<string, Parameter>; required?: string[] };
}
interface Parameter {
  type?: string;
  unit?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  enum?: unknown[];
  description?: string;
}

const operations = command({
  name: 'devices operations',
  summary: 'what a device can do, with parameters, units and limits',
  arguments: [device, { name: 'OPERATION', doc: 'one of them', optional: true }],
  options: generalOptions,
  examples: [
    { line: 'devices operations liquid-handler-1', says: 'all that it can do' },
    { line: 'devices operations incubator-1 incubate --json', says: 'one, with its JSON schema' },
  ],
  run: async ({ values, words: [id = '', wanted], terminal }) => {
    const { devices } = openLab(values, terminal.env);
    const { operations: all } = await devices.get<{ operations: Operation[] }>(at(id, '/operations'));
    const found = all.filter(({ name }) => wanted === undefined || name === wanted);
    if (found.length === 0) {
      terminal.tell(`${id} cannot do ${wanted}. It can do ${all.map(({ name }) => name).join(', ')}.\n`);
      return 6;
    }
    terminal.say(values.json ? json(found) : found.map((one) => operationText(one, terminal)).join('\n'));
    return 0;
  },
});

function operationText(
  { name, description, safe_to_repeat, typical_seconds, parameters }: Operation,
  terminal: Terminal,
) {
  const time = typical_seconds === null ? '' : ` About ${span(typical_seconds)}.`;
  const again = safe_to_repeat ? '' : ' Never repeated blindly.';
  const rows = Object.entries(parameters.properties ?? {});
  const table = tableText<(typeof rows)[number]>(
    [
      { head: '  parameter', cell: ([key]) => `  ${key}` },
      { head: 'takes', cell: ([, one]) => takes(one), shrinks: true },
      {
        head: 'default',
        cell: ([key, one]) => (parameters.required?.includes(key) ? 'required' : shown(one.default)),
      },
      { head: 'meaning', cell: ([, one]) => one.description, shrinks: true },
    ],
    rows,
    terminal,
  );
  return `${terminal.style('bold', name)}  ${description}${time}${again}\n${rows.length > 0 ? table : ''}`;
}

const shown = (value: unknown) =>
  value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value);

function takes({ type, unit, minimum, maximum, enum: choices }: Parameter): string {
  if (choices) return choices.map(shown).join(' | ');
  const range =
    minimum === undefined && maximum === undefined
      ? (type ?? 'any')
      : `${minimum ?? '…'} to ${maximum ?? '…'}`;
  // A number alone has the unit 1.
  return unit && unit !== '1' ? `${range} ${unit}` : range;
}

export const deviceCommands = [
  devicesCommand,
  operations,
  maintenance,
  available,
  pause,
  resume,
  abort,
  deviceFaultCommand,
];
