import type { DeviceOverview, DeviceView } from '@labwright/contract-devices';
import type { Terminal } from '../command-line/terminal.ts';
import { type Column, factsText } from '../output/table.ts';
import { clockTime, count, statusStyle } from '../output/words.ts';
import { currentStep, stepName } from '../workflow/show.ts';
import type { Holders } from './holders.ts';

const statusOf = ({ status, paused }: Pick<DeviceView, 'status' | 'paused'>): string =>
  paused ? `${status}, paused` : status;

const nameOf = ({ booking }: Pick<DeviceView, 'booking'>, holders: Holders): string | null =>
  booking && (holders.get(booking.workflow_id)?.name ?? `workflow ${booking.workflow_id}`);

/** `2/5 incubate`: where its holder stands. */
function stepOf({ booking }: Pick<DeviceView, 'booking'>, holders: Holders): string | null {
  const holder = booking && holders.get(booking.workflow_id);
  if (!holder) return null;
  const step = currentStep(holder);
  if (!step) return 'all done: to be completed';
  const trouble = step.status === 'failed' || step.status === 'unknown' ? `, ${step.status}` : '';
  return `${step.position}/${holder.steps.length} ${stepName(step)}${trouble}`;
}

export const deviceColumns = (
  terminal: Pick<Terminal, 'style'>,
  holders: Holders,
): Column<DeviceOverview>[] => [
  { head: 'device', cell: ({ id }) => id },
  { head: 'name', cell: ({ name }) => name, shrinks: true, spare: 3 },
  { head: 'type', cell: ({ type }) => type, shrinks: true, spare: 2 },
  {
    head: 'status',
    cell: statusOf,
    style: (text, { status, paused }) => statusStyle(terminal, paused ? 'paused' : status)(text),
  },
  { head: 'held by', cell: (one) => nameOf(one, holders), shrinks: true },
  { head: 'step', cell: (one) => stepOf(one, holders), shrinks: true },
  { head: 'waiting', cell: ({ queue_length }) => queue_length, right: true },
  { head: 'location', cell: ({ location }) => location, shrinks: true, spare: 1 },
];

/** All of one device. */
export function deviceText(one: DeviceView, holders: Holders): string {
  const { booking } = one;
  const named = booking && holders.has(booking.workflow_id);
  return factsText([
    ['device', one.id],
    ['name', one.name],
    ['type', one.type],
    ['status', statusOf(one)],
    ['location', one.location],
    ['held by', booking && `${nameOf(one, holders)}, since ${clockTime(booking.booked_at)}`],
    ...(named ? [['workflow', booking.workflow_id] as const] : []),
    ...(named ? [['step', stepOf(one, holders)] as const] : []),
    ['waiting', one.queue_length === 0 ? 'nobody' : count(one.queue_length, 'workflow')],
    ['nests', one.nests],
    ['can do', one.capabilities.join(', ')],
    ['fencing token', one.fencing_token],
    ...(Object.keys(one.settings).length > 0 ? [['settings', JSON.stringify(one.settings)] as const] : []),
  ]);
}
