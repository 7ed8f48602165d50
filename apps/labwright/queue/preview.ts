import type { PriorityPreview } from '@labwright/contract-devices';
import type { Terminal } from '../command-line/terminal.ts';
import { type Column, tableText } from '../output/table.ts';
import { count, span, statusStyle } from '../output/words.ts';
import { waitText } from './wait.ts';

type Affected = PriorityPreview['affected'][number];

interface Row extends Omit<Affected, 'entry_id' | 'delay_seconds'> {
  /** Of the one that would move: null while nobody can say when the queue moves on. */
  delay_seconds: number | null;
  /** It is the one that would move. */
  itself: boolean;
}

/** Those who would get another place, in their order of now, and the one that would move, marked. */
export function showPreview(preview: PriorityPreview, terminal: Terminal): void {
  const { entry, priority, before, after, affected_entries: total, affected } = preview;
  if (priority === entry.priority) {
    terminal.tell(`Workflow ${entry.workflow_id} is ${priority} already.\n`);
    return;
  }
  const moved: Row = {
    itself: true,
    workflow_id: entry.workflow_id,
    priority,
    before,
    after,
    delay_seconds: difference(before.estimate.seconds, after.estimate.seconds),
  };
  const others = affected.map((one): Row => ({ ...one, itself: false }));
  const rows = [moved, ...others].toSorted((a, b) => a.after.position - b.after.position);
  terminal.say(tableText(columns(terminal), rows, terminal));
  if (total > affected.length)
    terminal.tell(`… and ${count(total - affected.length, 'other')}, whom it concerns likewise.\n`);
  const harmed = total === 0 ? 'Nobody else gets another place.' : sentence(preview);
  terminal.tell(
    `${harmed} labwright queue priority ${entry.device_id} ${entry.workflow_id} ${priority} does it.\n`,
  );
}

const difference = (from: number | null, to: number | null) =>
  from === null || to === null ? null : to - from;

function sentence({ affected, affected_entries: total, before, after }: PriorityPreview): string {
  const worst = affected
    .map(({ delay_seconds: delay }) => Math.abs(delay))
    .reduce((most, one) => Math.max(most, one), 0);
  const later = after.position < before.position;
  const by = worst === 0 ? '' : `, by up to ${span(worst)}`;
  return `${count(total, 'other')} would get the device ${later ? 'later' : 'earlier'}${by}.`;
}

const columns = (terminal: Pick<Terminal, 'style'>): Column<Row>[] => [
  { head: 'place', cell: ({ before, after }) => `${before.position} → ${after.position}` },
  {
    head: 'workflow',
    cell: ({ workflow_id, itself }) => (itself ? `${workflow_id} *` : workflow_id),
    style: (text, { itself }) => (itself ? terminal.style('bold', text) : text),
  },
  {
    head: 'priority',
    cell: ({ priority }) => priority,
    style: (text, { priority }) => statusStyle(terminal, priority)(text),
    spare: 2,
  },
  { head: 'starts in', cell: ({ before }) => wait(before), spare: 1 },
  { head: 'would start in', cell: ({ after }) => wait(after) },
  {
    head: 'difference',
    cell: ({ delay_seconds: delay }) => delayText(delay),
    style: (text, { delay_seconds: delay }) =>
      (delay ?? 0) > 0
        ? terminal.style('red', text)
        : (delay ?? 0) < 0
          ? terminal.style('green', text)
          : text,
  },
];

const wait = ({ estimate }: Affected['before']) => waitText(estimate.seconds, estimate.seconds_p90);

function delayText(seconds: number | null): string | null {
  if (seconds === null) return null;
  if (Math.abs(seconds) < 0.5) return 'none';
  return `${span(Math.abs(seconds))} ${seconds > 0 ? 'later' : 'earlier'}`;
}
