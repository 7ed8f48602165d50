import type { Workflow } from '@labwright/contract-workflows';
import { Problem } from '@labwright/kernel/errors';
import { complaintOf } from '../command-line/complaint.ts';
import type { Terminal } from '../command-line/terminal.ts';
import { given } from '../commands/given.ts';
import type { Lab } from '../lab/open-lab.ts';
import { plain } from '../output/width.ts';
import { json } from '../output/words.ts';
import { followWorkflow } from './follow.ts';
import { afterBegin } from './next.ts';

export interface BeginValues {
  queue?: boolean | undefined;
  priority?: string | undefined;
  auto?: boolean | undefined;
  reason?: string | undefined;
  watch?: boolean | undefined;
  json?: boolean | undefined;
}

interface Begun {
  verb: 'start' | 'resume';
  id: string;
  /** Where it was made by this very command: it is there, whatever becomes of its start. */
  made?: Workflow;
}

/** Starts or resumes, and perhaps follows. */
export async function beginWorkflow(
  lab: Lab,
  begun: Begun,
  { queue, priority, auto, reason, watch, json: asJson }: BeginValues,
  terminal: Terminal,
): Promise<number> {
  const { verb, id } = begun;
  const body = given({ queue, priority, auto, reason });
  let answer: { message: string; workflow: Workflow };
  try {
    answer = await lab.workflows.send('POST', `/workflows/${encodeURIComponent(id)}/${verb}`, { body });
  } catch (error) {
    return refused(error, begun, asJson === true, terminal);
  }
  if (watch) return followWorkflow(lab, id, terminal, { asJson: asJson === true });
  const says = `${answer.message}: ${id}.\n`;
  if (asJson) terminal.say(json(answer));
  else {
    // Piped, what a command has made is its id alone: id=$(labwright workflow create … --start).
    const idAlone = begun.made && !terminal.stdout.isTTY;
    terminal.say(idAlone ? `${id}\n` : says);
    terminal.tell(`${idAlone ? says : ''}${afterBegin(answer.workflow)}`);
  }
  return 0;
}

/** What was made stays, and can wait or be started later: so its id is told with the refusal. */
function refused(error: unknown, { verb, id, made }: Begun, asJson: boolean, terminal: Terminal): number {
  const inLine =
    error instanceof Problem && ['device_busy', 'device_in_maintenance'].includes(error.code)
      ? `To wait in line: labwright workflow ${verb} ${id} --queue`
      : undefined;
  const { text, code } = complaintOf(error, asJson, inLine);
  if (!made || asJson) {
    if (made) terminal.say(json(made));
    terminal.tell(`${text}\n`);
    return code;
  }
  const answered = error instanceof Problem;
  terminal.tell(
    `“${plain(made.name)}” was made, ${answered ? 'but not started' : 'and nobody knows whether it started'}. Its id is ${id}.\n${text}\n${
      answered
        ? `To start it later: labwright workflow start ${id}`
        : `How it stands: labwright workflow show ${id}`
    }\n`,
  );
  return code;
}
