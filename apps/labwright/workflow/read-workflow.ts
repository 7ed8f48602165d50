import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { CreateWorkflowRequest } from '@labwright/contract-workflows';
import { UsageError } from '@labwright/kernel/command-line';
import { parse, YAMLParseError } from 'yaml';
import type { Terminal } from '../command-line/terminal.ts';
import { commaList } from '../commands/comma-list.ts';

export interface WorkflowOptions {
  file?: string | undefined;
  name?: string | undefined;
  device?: string | undefined;
  step?: string[] | undefined;
  sample?: string[] | undefined;
  priority?: string | undefined;
  auto?: boolean | undefined;
}

/**
 * The description of a workflow: the file, where there is one, and the options over it. What it means is for workflow-service to judge, which names
 * every fault at once. Throws `UsageError`.
 */
export async function readWorkflow(
  options: WorkflowOptions,
  terminal: Terminal,
): Promise<CreateWorkflowRequest> {
  const { file, name, device, step, sample, priority, auto } = options;
  const samples = sample?.flatMap(commaList);
  const request: Record<string, unknown> = {
    ...(file === undefined ? {} : await readDescription(file, terminal)),
    ...(name === undefined ? {} : { name }),
    ...(device === undefined ? {} : { device_id: device }),
    ...(step === undefined ? {} : { steps: step.map(readStep) }),
    ...(samples === undefined ? {} : { sample_barcodes: samples }),
    ...(priority === undefined ? {} : { priority }),
    ...(auto === undefined ? {} : { auto }),
  };
  const missing = [
    ['name', '--name'],
    ['device_id', '--device'],
    ['steps', '--step'],
  ].flatMap(([member = '', option]) => (request[member] === undefined ? [option] : []));
  if (missing.length > 0)
    throw new UsageError(`A workflow needs ${missing.join(', ')}; or a file with them: --file.`);
  return request as CreateWorkflowRequest;
}

async function readDescription(file: string, { stdin }: Terminal): Promise<Record<string, unknown>> {
  const described = file === '-' ? await text(stdin) : await readText(file);
  const found = parseText(file, described);
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    throw new UsageError(`${file} describes no workflow: name, device_id and steps, as YAML or JSON.`);
  return found as Record<string, unknown>;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UsageError(
      missing ? `There is no file ${file}.` : `${file} cannot be read: ${(error as Error).message}.`,
    );
  }
}

function parseText(file: string, described: string): unknown {
  try {
    return parse(described);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const kind = file.endsWith('.json') ? 'no JSON' : 'neither YAML nor JSON';
    const where = error.message.split('\n')[0]?.replace(/[:.]?$/, '');
    throw new UsageError(
      `${file} is ${kind}: ${where}. A workflow is described by name, device_id and steps.`,
    );
  }
}

/** `incubate`, or `incubate {"minutes": 5}`. */
function readStep(step: string): string | { operation: string; parameters: Record<string, unknown> } {
  const [, operation = step, parameters] = /^\s*(\S+)\s+(\{.*)$/s.exec(step) ?? [];
  if (parameters === undefined) return step.trim();
  try {
    return { operation, parameters: JSON.parse(parameters) };
  } catch (error) {
    throw new UsageError(
      `--step takes an operation and its parameters as JSON; "${parameters}" is none: ${(error as Error).message}.`,
    );
  }
}
