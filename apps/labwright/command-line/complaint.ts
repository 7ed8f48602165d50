import type { Task } from '@labwright/contract-hub/tasks';
import { UsageError } from '@labwright/kernel/command-line';
import { ConfigError } from '@labwright/kernel/config';
import { Problem } from '@labwright/kernel/errors';
import { explain } from '@labwright/kernel/process';
import { Unreachable } from '../lab/service.ts';
import { factsText } from '../output/table.ts';
import { plain } from '../output/width.ts';
import { stateOf } from '../tasks/show.ts';
import { exitCode } from './exit-codes.ts';
import { refusalLines } from './refusal.ts';

/**
 * What is said of an error, and the exit code that tells scripts of it. `asJson`: a refusal just as the service answered it. `remedy`: what to type, where
 * the command knows better than the code tells.
 */
export function complaintOf(error: unknown, asJson = false, remedy?: string): { text: string; code: number } {
  if (error instanceof Problem)
    return { text: asJson ? JSON.stringify(error.toWire()) : sentences(error, remedy), code: codeOf(error) };
  if (error instanceof Unreachable) return { text: plain(error.message), code: exitCode.unreachable };
  const wrongUse = error instanceof UsageError || error instanceof ConfigError;
  return { text: explain(error), code: wrongUse ? exitCode.usage : exitCode.failed };
}

/** The service's own text, each place that is wrong, and what to type. */
function sentences(problem: Problem, given?: string): string {
  // A signature is asked for by its route, which no command takes the place of.
  const lines = problem.code.startsWith('signature') ? [explain(problem)] : refusalLines(problem);
  const remedy = given ?? remedyOf(problem);
  return [...lines.map(plain), ...standing(problem), ...(remedy ? [remedy] : [])].join('\n');
}

/** How that stands now which somebody else changed meanwhile, where the refusal tells. */
function standing({ extra }: Problem): string[] {
  const task = extra.task as Task | undefined;
  if (!task) return [];
  return [
    'How it stands now:',
    indented(factsText(stateOf(task))),
    `All of it: labwright tasks show ${task.id}`,
  ];
}

const indented = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');

function codeOf({ status }: Problem): number {
  if (status === 401 || status === 403) return exitCode.forbidden;
  if (status === 404 || status === 410) return exitCode.notFound;
  if (status === 409 || status === 412) return exitCode.conflict;
  return status === 429 || status === 503 ? exitCode.unreachable : exitCode.failed;
}

/** What to type next. A description that is wrong has a list for each kind of thing that it names. */
function remedyOf({ code, faults = [] }: Problem): string | undefined {
  if (code !== 'invalid_workflow') return remedies[code];
  const names = (place: RegExp) => faults.some(({ path }) => place.test(path));
  const lines = [
    ...(names(/\bdevice_id$/) ? [remedies.device_not_found] : []),
    ...(names(/\bsample_barcodes\b/) ? [remedies.sample_not_found] : []),
    ...(faults.length === 0 || names(/^(body\.)?steps?\b/) ? [remedies.invalid_workflow] : []),
  ];
  return lines.length > 0 ? lines.join('\n') : remedies.invalid_workflow;
}

/** What to type, where the text of the service speaks of routes. */
const remedies: Readonly<Record<string, string>> = {
  unauthenticated:
    'Say who you are: labwright sign-in; for a program, --token or LABWRIGHT_TOKEN takes an API token.',
  device_busy:
    'To wait in line: labwright workflow start WORKFLOW --queue, or labwright queue add DEVICE WORKFLOW.',
  device_in_maintenance: 'labwright devices available DEVICE brings it back; --queue waits for that.',
  device_paused: 'labwright devices resume DEVICE lets it go on.',
  device_operating: 'labwright devices abort DEVICE stops what it does.',
  device_not_found: 'labwright devices lists the devices.',
  workflow_not_found: 'labwright workflow list shows the workflows, each with its id.',
  invalid_workflow: 'labwright devices operations DEVICE tells what a device can do, with units and limits.',
  outcome_unknown:
    'Look at the instrument, then: labwright workflow resolve WORKFLOW succeeded|failed --reason TEXT.',
  job_not_found: 'labwright jobs list shows the jobs; ended ones are deleted after some days.',
  queue_entry_not_found: 'labwright queue DEVICE shows who waits.',
  execution_not_found: 'labwright logs DEVICE shows what a device did.',
  queue_entry_changed: 'labwright queue DEVICE shows the queue as it is now.',
  queue_entry_not_waiting: 'labwright queue DEVICE shows the queue as it is now.',
  task_not_found: 'labwright tasks lists the open tasks.',
  task_taken: 'They give it back with labwright tasks release TASK, and so may an operator.',
  sample_not_found:
    'labwright samples lists the samples; labwright samples --barcode BEGINNING searches them.',
  plate_not_found: 'labwright plates lists the plates.',
  user_not_found: 'labwright people lists the people.',
  api_token_not_found: 'labwright tokens lists the tokens.',
  people_only:
    'Be somebody: labwright sign-in, and give no API token (--token, LABWRIGHT_TOKEN), which would go first.',
  session_ended: 'labwright sign-in begins another one.',
  code_required: '--code takes the six digits of the authenticator, or a recovery code.',
  wrong_code: 'Wait for the next code of the authenticator: each is good once.',
  file_not_found: 'labwright files lists the files.',
  file_not_ready: 'labwright files show FILE tells how it stands.',
  invalid_values: 'labwright tasks show TASK lists the fields; each value is --set NAME=VALUE.',
  reason_required: 'Say why: --reason TEXT.',
};
