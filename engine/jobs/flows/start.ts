import { carryContext } from '@labwright/kernel/context';
import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { InvalidArgs } from '../enqueue.ts';
import type { Flow, Step } from './flow.ts';

const mostSteps = 10_000;
/** Groups and chains within one another; a chord is two of them. */
const deepest = 16;
const mostBytes = 64 * 1024 * 1024;

const start = rows(
  'jobs.flows.start',
  Type.Object({ id: Type.String() }),
  'SELECT id FROM start_job_flow($1, $2, $3::json)',
);

/** A row of `job_flow_nodes`, as it is made. */
interface Node {
  node: number;
  last: number;
  parent: number | null;
  kind: Flow['kind'];
  begins_with: number;
  input: number | null;
  [column: string]: unknown;
}

/**
 * Asks for a flow in one statement, in the caller's transaction where `tx` is one: all of its jobs are there, in their
 * turn, if and when that commits. At most 10,000 steps, nested 16 deep. `name` is for people.
 * Throws `InvalidArgs`.
 */
export async function startFlow(
  tx: Queryable,
  flow: Flow,
  options: { name?: string } = {},
): Promise<{ id: string }> {
  const nodes = JSON.stringify(flatten(flow));
  if (nodes.length > mostBytes)
    throw new InvalidArgs(
      `A flow has at most ${mostBytes / 1024 / 1024} MiB of arguments: pass on what names them.`,
    );
  const made = await tx.first(start, [options.name ?? null, carryContext(), nodes]);
  if (!made) throw new Error('a flow was not stored');
  return made;
}

/** The tree as a list, in the order in which it is written down. */
function flatten(root: Flow): Node[] {
  const nodes: Node[] = [];
  let steps = 0;
  const add = (
    flow: Flow,
    place: { parent: number | null; beginsWith: number; input: number | null; depth: number },
  ) => {
    const { parent, beginsWith, input, depth } = place;
    if (depth > deepest) throw new InvalidArgs(`A flow is nested at most ${deepest} deep.`);
    const node: Node = {
      node: nodes.length,
      last: nodes.length,
      parent,
      kind: flow.kind,
      begins_with: beginsWith,
      input,
    };
    nodes.push(node);
    if (flow.kind === 'step') {
      steps += 1;
      if (steps > mostSteps) throw new InvalidArgs(`A flow has at most ${mostSteps} steps: start several.`);
      Object.assign(node, stepColumns(flow, input));
      return;
    }
    if (flow.kind === 'group') Object.assign(node, { collect: flow.collect, open: flow.children.length });
    let before = input;
    flow.children.forEach((child, index) => {
      const at = nodes.length;
      add(child, {
        parent: node.node,
        beginsWith: flow.kind === 'chain' && index > 0 ? at : beginsWith,
        input: flow.kind === 'chain' ? before : input,
        depth: depth + 1,
      });
      before = at;
    });
    node.last = nodes.length - 1;
  };
  add(root, { parent: null, beginsWith: 0, input: null, depth: 0 });
  return nodes;
}

function stepColumns({ task, args, options, resultAs }: Step, input: number | null) {
  if (resultAs !== null && input === null)
    throw new InvalidArgs(
      `Nothing comes before the step ${task.name}, so there is no result to be its "${resultAs}".`,
    );
  return {
    result_as: resultAs,
    task: task.name,
    queue: options.queue ?? task.settings.queue,
    args,
    priority: options.priority ?? 0,
    max_attempts: options.maxAttempts ?? task.settings.maxAttempts,
    timeout_ms: (options.timeoutMs ?? task.settings.timeoutMs) || null,
    key: options.key ?? null,
    run_at: options.runAt ?? null,
    expires_at: options.expiresAt ?? null,
  };
}
