import type { Device, WaitingEntry } from '@labwright/contract-devices';
import type { Workflow } from '@labwright/contract-workflows';
import type { Terminal } from '../command-line/terminal.ts';
import { type Column, tableLines } from '../output/table.ts';
import { cut, padEnd, widthOf } from '../output/width.ts';
import { clockTime, span, statusStyle } from '../output/words.ts';
import { reasonsText } from '../queue/wait.ts';
import { currentStep, progressOf, stepName } from '../workflow/show.ts';
import type { LabView } from './read-view.ts';

export interface Looks {
  width: number;
  height: number;
  /** Which of the three lists the keys move, and how far each is scrolled. */
  focus: number;
  offsets: readonly number[];
  /** What is wrong where the view is no longer new. */
  trouble: string | null;
  where: string;
}

interface Section {
  title: string;
  /** The heads first. */
  lines: string[];
  /** What is said where there is nothing. */
  empty: string;
}

type Style = Pick<Terminal, 'style'>;

export const sectionCount = 3;
/** Three lists with three rows each. */
const lowest = 2 + sectionCount * (3 + 3);

/** The whole screen as lines, and how far each list can be scrolled. A function of its arguments. */
export function picture(
  view: LabView,
  looks: Looks,
  terminal: Style,
): { lines: string[]; lengths: number[]; rooms: number[] } {
  const { width, height, focus, offsets } = looks;
  const sections = [
    devices(view, width, terminal),
    workflows(view, width, terminal),
    queues(view, width, terminal),
  ];
  const lengths = sections.map(({ lines }) => Math.max(0, lines.length - 1));
  // Where three lists would have no room to be of use, there is the one that the keys move.
  const shown = sections.map((_, index) => height >= lowest || index === focus);
  // Around the lists: the first line and the last one, and of each list a blank line, its title and its heads.
  const rooms = share(
    lengths.map((length, index) => (shown[index] ? Math.max(1, length) : 0)),
    height - 2 - shown.filter(Boolean).length * 3,
  );
  const body = sections.flatMap(({ title, lines, empty }, index) => {
    if (!shown[index]) return [];
    const room = rooms[index] ?? 0;
    const offset = Math.min(offsets[index] ?? 0, Math.max(0, (lengths[index] ?? 0) - room));
    const [heads = '', ...rows] = lines;
    const mark = index === focus ? '▸' : ' ';
    const part = rows.length > room ? `  ${offset + 1}–${offset + room} of ${rows.length}` : '';
    return [
      '',
      `${terminal.style('bold', `${mark} ${cut(title, width - 2 - part.length)}`)}${terminal.style('dim', part)}`,
      ...(rows.length === 0
        ? [terminal.style('dim', `  ${cut(empty, width - 2)}`), '']
        : [`  ${heads}`, ...rows.slice(offset, offset + room).map((row) => `  ${row}`)]),
    ];
  });
  const lines = [head(view, looks, terminal), ...body].slice(0, height - 1);
  while (lines.length < height - 1) lines.push('');
  lines.push(terminal.style('dim', cut(' q quit   Tab next list   ↑ ↓ PgUp PgDn scroll   r now', width)));
  return { lines, lengths, rooms };
}

function head({ at, devices: all }: LabView, { width, trouble, where }: Looks, terminal: Style): string {
  const time = clockTime(new Date(at).toISOString()).slice(11);
  if (trouble !== null) return terminal.style('red', cut(` Labwright  as of ${time}: ${trouble}`, width));
  const left = ` Labwright  ${where}`;
  const facts = `${all.length} devices  ${time} `;
  const gap = width - widthOf(left) - widthOf(facts);
  return gap < 2
    ? terminal.style('bold', cut(left, width))
    : terminal.style('bold', padEnd(left, width - widthOf(facts)) + facts);
}

/** Rows for each list: all it needs where there is room, else as equal as can be. */
function share(needs: readonly number[], height: number): number[] {
  const rooms = needs.map(() => 0);
  let left = Math.max(0, height);
  while (left > 0) {
    const wanting = needs.flatMap((need, index) => ((rooms[index] ?? 0) < need ? [index] : []));
    if (wanting.length === 0) break;
    for (const index of wanting) {
      if (left === 0) break;
      rooms[index] = (rooms[index] ?? 0) + 1;
      left -= 1;
    }
  }
  return rooms;
}

function devices(
  { devices: all, workflows: flows, queues: lines }: LabView,
  width: number,
  terminal: Style,
): Section {
  const holder = new Map(
    flows
      .filter(({ status }) => status === 'running' || status === 'failed')
      .map((one) => [one.device_id, one]),
  );
  const order = { busy: 0, maintenance: 1, available: 2 } as const;
  const sorted = all.toSorted((a, b) => order[a.status] - order[b.status] || a.id.localeCompare(b.id));
  const columns: Column<Device>[] = [
    { head: 'device', cell: ({ id }) => id },
    {
      head: 'status',
      cell: ({ status, paused }) => (paused ? `${status}, paused` : status),
      style: (text, { status, paused }) => statusStyle(terminal, paused ? 'paused' : status)(text),
    },
    { head: 'steps', cell: ({ id }) => progress(holder.get(id)) },
    { head: 'now', cell: ({ id }) => now(holder.get(id)), shrinks: true },
    {
      head: 'waiting',
      cell: ({ id }) => {
        const queue = lines.get(id);
        return queue ? `${queue.entries.length}${queue.more ? '+' : ''}` : nothing;
      },
      right: true,
    },
    { head: 'workflow', cell: ({ id }) => holder.get(id)?.name ?? nothing, shrinks: true },
  ];
  const some = (status: Device['status']) => all.filter((device) => device.status === status).length;
  return {
    title: `Devices   ${some('busy')} busy, ${some('available')} available, ${some('maintenance')} in maintenance`,
    lines: tableLines(columns, sorted, terminal, width - 3),
    empty: 'There is no device yet.',
  };
}

const barWidth = 10;
/** A screen full of dashes is hard to read. */
const nothing = ' ';

/** `██████░░░░ 3/5`. */
function progress(workflow: Workflow | undefined): string {
  if (!workflow) return nothing;
  const done = workflow.steps.filter(({ status }) => status === 'succeeded' || status === 'skipped').length;
  const filled = Math.round((done / Math.max(1, workflow.steps.length)) * barWidth);
  return `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${progressOf(workflow)}`;
}

function now(workflow: Workflow | undefined): string {
  const step = workflow && currentStep(workflow);
  return step ? `${stepName(step)} ${step.status}` : nothing;
}

function workflows({ workflows: all, at }: LabView, width: number, terminal: Style): Section {
  const columns: Column<Workflow>[] = [
    {
      head: 'status',
      cell: ({ status }) => status,
      style: (text, { status }) => statusStyle(terminal, status)(text),
    },
    { head: 'device', cell: ({ device_id }) => device_id },
    { head: 'steps', cell: progressOf, right: true },
    {
      head: 'for',
      cell: ({ started_at, created_at }) => span((at - Date.parse(started_at ?? created_at)) / 1_000),
    },
    { head: 'name', cell: ({ name }) => name, shrinks: true },
    { head: 'why', cell: whyOf, shrinks: true },
    { head: 'id', cell: ({ id }) => id, shrinks: 'first' },
  ];
  const some = (status: Workflow['status']) => all.filter((one) => one.status === status).length;
  return {
    title: `Workflows   ${some('running')} running, ${some('queued')} queued, ${some('failed')} failed, ${some('paused')} paused`,
    lines: tableLines(columns, all, terminal, width - 3),
    empty: 'No workflow is under way. labwright workflow create describes one.',
  };
}

function whyOf(workflow: Workflow): string {
  return workflow.status_reason ?? currentStep(workflow)?.waiting_reasons[0]?.message ?? nothing;
}

function queues({ queues: all, at }: LabView, width: number, terminal: Style): Section {
  const entries = [...all.values()].flatMap((queue) => queue.entries);
  const columns: Column<WaitingEntry>[] = [
    { head: 'device', cell: ({ device_id }) => device_id },
    { head: '#', cell: ({ position }) => position, right: true },
    {
      head: 'priority',
      cell: ({ priority }) => priority,
      style: (text, { priority }) => statusStyle(terminal, priority)(text),
    },
    { head: 'waits for', cell: ({ queued_at }) => span(Math.max(0, at - Date.parse(queued_at)) / 1_000) },
    {
      head: 'starts in',
      cell: ({ estimate }) => (estimate.seconds === null ? null : span(estimate.seconds)),
    },
    {
      head: 'why',
      cell: ({ waiting_reasons }) => reasonsText(waiting_reasons),
      shrinks: true,
    },
    { head: 'workflow', cell: ({ workflow_id }) => workflow_id, shrinks: 'first' },
  ];
  return {
    title: `Queues   ${entries.length} waiting`,
    lines: tableLines(columns, entries, terminal, width - 3),
    empty: 'Nobody waits for a device.',
  };
}
