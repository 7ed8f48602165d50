import type { Step, Workflow } from '@labwright/contract-workflows';
import { duration } from '@labwright/kernel/command-line';
import { exitCode } from '../command-line/exit-codes.ts';
import type { Terminal } from '../command-line/terminal.ts';
import type { Lab } from '../lab/open-lab.ts';
import { tableLines } from '../output/table.ts';
import { cut, plain, widthOf } from '../output/width.ts';
import { statusStyle } from '../output/words.ts';
import { afterFailure } from './next.ts';
import { outcomeOf, progressOf, stepColumns, stepName } from './show.ts';

const cancelled = 8;
const outOfTime = 9;
const everyMs = 500;

/** By which a script learns how a workflow ended. */
export const outcomeCodes = {
  [cancelled]: 'watched, and it was cancelled',
  [outOfTime]: 'watched, and it had not ended in the time of --timeout',
} as const;

const endings = new Map<string, number>([
  ['completed', exitCode.ok],
  ['failed', exitCode.failed],
  ['cancelled', cancelled],
]);

/** Shows a workflow until it has ended; answers the exit code that tells how. */
export async function followWorkflow(
  { workflows }: Lab,
  id: string,
  terminal: Terminal,
  { asJson, timeout }: { asJson: boolean; timeout?: string | undefined },
): Promise<number> {
  const deadline = timeout === undefined ? Infinity : performance.now() + duration('--timeout', timeout);
  const show = asJson
    ? jsonLines(terminal)
    : terminal.stdout.isTTY
      ? redrawn(terminal)
      : plainLines(terminal);
  for (;;) {
    const workflow = await workflows.get<Workflow>(`/workflows/${encodeURIComponent(id)}`);
    const code = endings.get(workflow.status);
    show(workflow);
    if (code !== undefined) {
      if (workflow.status === 'failed' && !asJson) terminal.tell(afterFailure(workflow));
      return code;
    }
    const left = deadline - performance.now();
    if (left <= 0) {
      terminal.tell(`It is ${workflow.status}, and has not ended in time.\n`);
      return outOfTime;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(everyMs, left)));
  }
}

type Show = (workflow: Workflow) => void;

/** Each state that differs from the one before, as one line of JSON. */
function jsonLines(terminal: Terminal): Show {
  let before = '';
  return (workflow) => {
    const line = JSON.stringify(workflow);
    if (line !== before) terminal.say(`${line}\n`);
    before = line;
  };
}

/** What changed, in words, a line each. */
function plainLines(terminal: Terminal): Show {
  let status = '';
  const steps = new Map<number, string>();
  return (workflow) => {
    for (const step of workflow.steps) {
      const now = `${step.status} ${step.attempts}`;
      if (steps.get(step.position) !== now && step.status !== 'pending')
        terminal.say(stepLine(step, workflow));
      steps.set(step.position, now);
    }
    if (workflow.status !== status) terminal.say(`${workflow.id}  ${statusText(workflow)}\n`);
    status = workflow.status;
  };
}

const statusText = ({ status, status_reason: reason }: Workflow): string =>
  reason ? `${status}: ${plain(reason)}` : status;

function stepLine(step: Step, { id, steps }: Workflow): string {
  const outcome = step.status === 'running' ? '' : outcomeOf(step);
  return `${id}  ${step.position}/${steps.length} ${plain(stepName(step))}: ${step.status}${outcome ? `  ${plain(outcome)}` : ''}\n`;
}

/** The workflow as it stands, drawn over itself. */
function redrawn(terminal: Terminal): Show {
  let drawn = 0;
  return (workflow) => {
    // The last column stays free: a full line would be followed by an empty one.
    const lines = picture(
      workflow,
      terminal,
      (terminal.stdout.columns ?? 80) - 1,
      terminal.stdout.rows ?? 24,
    );
    const back = drawn > 0 ? `\x1b[${drawn}A` : '';
    terminal.say(`${back}\r${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`);
    drawn = lines.length;
  };
}

function picture(workflow: Workflow, terminal: Terminal, width: number, height: number): string[] {
  const status = statusStyle(terminal, workflow.status)(workflow.status);
  const facts = `${workflow.device_id}, ${progressOf(workflow)} steps`;
  const name = cut(plain(workflow.name), Math.max(8, width - workflow.status.length - widthOf(facts) - 6));
  const steps = tableLines(
    stepColumns(terminal),
    near(workflow.steps, Math.max(1, height - 5)),
    terminal,
    width,
  );
  const reason = workflow.status_reason ? [cut(plain(workflow.status_reason), width)] : [];
  return [`${terminal.style('bold', name)}  ${status}  ${facts}`, ...reason, ...steps];
}

/** As many steps as there is room for, about the one where it stands. */
function near(steps: readonly Step[], room: number): readonly Step[] {
  const now = steps.findIndex(({ status }) => status !== 'succeeded' && status !== 'skipped');
  const first = Math.max(
    0,
    Math.min((now === -1 ? steps.length : now) - Math.floor(room / 2), steps.length - room),
  );
  return steps.slice(first, first + room);
}
