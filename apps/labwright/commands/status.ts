import { command } from '../command-line/define.ts';
import { exitCode } from '../command-line/exit-codes.ts';
import { generalOptions } from '../command-line/general-options.ts';
import type { Terminal } from '../command-line/terminal.ts';
import { openLab } from '../lab/open-lab.ts';
import { type Counted, type LabStatus, readStatus, type ServiceStatus } from '../lab/status.ts';
import { factsText, tableText } from '../output/table.ts';
import { json, statusStyle } from '../output/words.ts';

export const statusCommand = command({
  name: 'status',
  summary: 'how the laboratory is: services, devices, workflows, open tasks',
  notes: [
    'Numbers of workflows and tasks are counted up to 100: "100+" are more. Ends with 4 where a service is away, and with 1 where one is not ready.',
  ],
  options: generalOptions,
  examples: [
    { line: 'status', says: 'at a glance' },
    { line: 'status > /dev/null && echo fine', says: 'in a script' },
  ],
  run: async ({ values, terminal }) => {
    const status = await readStatus(openLab(values, terminal.env));
    terminal.say(values.json ? json(status) : statusText(status, terminal));
    if (status.services.some((one) => one.status === 'away')) {
      terminal.tell(awayText(status.services));
      return exitCode.unreachable;
    }
    return status.services.some((one) => one.status !== 'ready') ? exitCode.failed : exitCode.ok;
  },
});

function statusText(status: LabStatus, terminal: Terminal): string {
  const services = tableText<ServiceStatus>(
    [
      { head: 'service', cell: ({ service }) => service },
      {
        head: 'status',
        cell: (one) => one.status,
        style: (text, one) => statusStyle(terminal, one.status)(text),
      },
      { head: 'answered', cell: ({ answered_ms: ms }) => (ms === null ? null : `${ms} ms`), right: true },
      { head: 'at', cell: ({ url }) => url },
      { head: '', cell: ({ faults }) => faultsText(faults) ?? ' ', shrinks: true },
    ],
    status.services,
    terminal,
  );
  const { devices, workflows, tasks_open: tasks, jobs_dead: dead } = status;
  const figures = factsText([
    [
      'devices',
      devices &&
        `${devices.available} available, ${devices.busy} busy, ${devices.maintenance} in maintenance`,
    ],
    [
      'workflows',
      workflows &&
        `${some(workflows.running)} running, ${some(workflows.queued)} queued, ${some(workflows.paused)} paused, ${some(workflows.failed)} failed`,
    ],
    ['tasks', tasks && `${some(tasks)} to be done by people`],
    [
      'jobs',
      dead === null
        ? null
        : dead === 0
          ? 'none is dead'
          : `${dead.toLocaleString('en')} dead: labwright dead`,
    ],
  ]);
  return `${services}\n${figures}`;
}

const some = ({ count, more }: Counted): string => (more ? `${count}+` : String(count));

const faultsText = (faults: Record<string, string>): string | null =>
  Object.entries(faults)
    .map(([name, text]) => `${name}: ${text}`)
    .join('; ') || null;

function awayText(services: readonly ServiceStatus[]): string {
  const away = services
    .filter(({ status }) => status === 'away')
    .map(({ service, url }) => `${service} at ${url}`);
  return `\nNobody answers for ${away.join(', ')}. Does the laboratory run (npm start)? Is it elsewhere, say where: --url or LABWRIGHT_URL; --device-url, --workflow-url.\n`;
}
