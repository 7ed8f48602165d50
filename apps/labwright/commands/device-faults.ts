import type { Device, DeviceView } from '@labwright/contract-devices';
import { UsageError, wholeNumber } from '@labwright/kernel/command-line';
import { command } from '../command-line/define.ts';
import { generalOptions } from '../command-line/general-options.ts';
import { type Fault, faultText, kinds } from '../devices/faults.ts';
import { openLab } from '../lab/open-lab.ts';
import { plain } from '../output/width.ts';
import { json } from '../output/words.ts';
import { commaList } from './comma-list.ts';
import { given } from './given.ts';
import { oneOf } from './list.ts';

interface FaultValues {
  next?: string | undefined;
  probability?: string | undefined;
  always?: boolean | undefined;
  operations?: string | undefined;
  code?: string | undefined;
  message?: string | undefined;
  factor?: string | undefined;
}

/** How the option of the command line is called that is for one kind alone. */
const ownOptions = { code: ['fail'], message: ['fail'], factor: ['slow'] } as const;

/** The fault that the options describe. What its members may be is for the device to judge. Throws `UsageError`. */
function readFault(kind: Fault['kind'], values: FaultValues): Fault {
  for (const [name, of] of Object.entries(ownOptions))
    if (values[name as keyof FaultValues] !== undefined && !(of as readonly string[]).includes(kind))
      throw new UsageError(`--${name} is for ${of.join(', ')}, not for ${kind}.`);
  const often = [values.next, values.probability, values.always].filter((one) => one !== undefined);
  if (often.length > 1) throw new UsageError('How often is it? One of --next, --probability, --always.');
  if (kind === 'slow' && values.factor === undefined)
    throw new UsageError('How much slower? --factor 3 makes it take three times as long.');
  return {
    kind,
    ...given({
      code: values.code,
      message: values.message,
      factor: values.factor === undefined ? undefined : numberOf('--factor', values.factor),
      operations: values.operations === undefined ? undefined : commaList(values.operations),
      probability:
        values.probability === undefined ? undefined : numberOf('--probability', values.probability),
      next:
        values.probability !== undefined || values.always
          ? undefined
          : wholeNumber('--next', values.next ?? '1', { minimum: 1, maximum: 1_000_000 }),
    }),
  };
}

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number))
    throw new UsageError(`${option} takes a number, not "${text}".`);
  return number;
}

export const deviceFaultCommand = command({
  name: 'devices fault',
  summary: 'let a simulated instrument fail, slow down, hang or lose its line',
  notes: [
    'fail ends in a failure (--code, or how such an instrument usually fails); slow takes --factor times as long; hang does not end until you stop it: labwright devices abort DEVICE; disconnect breaks the line while the instrument goes on. It strikes the next operation, or as --next, --probability or --always say. Sent once more, it strikes once more.',
    'It takes the place of the faults that the device had. Several at once: PATCH /devices/{id} with settings.faults. Without KIND: what is set; of --next some may have struck already, and are back when the laboratory is started again.',
  ],
  arguments: [
    { name: 'DEVICE', doc: 'the id of a device', completes: 'device' },
    { name: 'KIND', doc: kinds.join(', '), optional: true, completes: kinds },
  ],
  options: {
    next: { type: 'string', value: 'N', doc: 'it strikes the next N operations, then no more (1)' },
    probability: { type: 'string', value: 'P', doc: 'it strikes by chance: 0.1 is one operation in ten' },
    always: { type: 'boolean', doc: 'it strikes every operation' },
    operations: { type: 'string', value: 'LIST', doc: 'only these operations, by commas' },
    code: { type: 'string', value: 'CODE', doc: 'fail: such as clogged_tip, door_open, lamp_failure' },
    message: { type: 'string', value: 'TEXT', doc: 'fail: what the instrument says' },
    factor: { type: 'string', value: 'N', doc: 'slow: how many times as long' },
    clear: { type: 'boolean', doc: 'it has no faults any more' },
    reason: { type: 'string', value: 'TEXT', doc: 'why: kept in the audit trail' },
    ...generalOptions,
  },
  examples: [
    {
      line: 'devices fault liquid-handler-1 fail --code clogged_tip',
      says: 'its next operation fails; then it is well',
    },
    {
      line: 'devices fault incubator-1 slow --factor 3 --always',
      says: 'everything takes three times as long',
    },
    { line: 'devices fault liquid-handler-1 --clear', says: 'well again' },
  ],
  run: async ({ values, words: [id = '', kindText], terminal }) => {
    const kind = oneOf('A kind of fault', kindText, kinds);
    if (kind && values.clear) throw new UsageError('Is it to have a fault, or none? KIND or --clear.');
    const fault = kind && readFault(kind, values);
    const { devices } = openLab(values, terminal.env);
    const path = `/devices/${encodeURIComponent(id)}`;
    const { name, settings } = await devices.get<DeviceView>(path);
    if (!fault && !values.clear) {
      const faults = (settings.faults ?? []) as Fault[];
      if (values.json) terminal.say(json(faults));
      else if (faults.length === 0) terminal.tell(plain(`${name} has no faults.`).concat('\n'));
      else terminal.say(faults.map((one) => `${faultText(one)}\n`).join(''));
      return 0;
    }
    const body = given({
      settings: { ...settings, faults: fault ? [fault] : [] },
      reason: values.reason,
    });
    const answer = await devices.send<{ message: string; device: Device }>('PATCH', path, { body });
    if (values.json) terminal.say(json(answer));
    else terminal.say(plain(`${name} ${fault ? faultText(fault) : 'has no faults any more'}.`).concat('\n'));
    if (fault && !values.json && fault.next === undefined)
      terminal.tell(`Until you take it away: labwright devices fault ${id} --clear\n`);
    return 0;
  },
});
