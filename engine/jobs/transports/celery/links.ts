import { randomUUID } from 'node:crypto';
import type { Broker } from '../rabbitmq/broker.ts';
import { type Embed, type Signature, taskMessage } from './message.ts';
import type { CeleryQueues } from './topology.ts';

/*
 * What a Celery message wants done after its task: the next link of its chain, callbacks (`link`) and errbacks (`link_error`).
 */

export interface LinkTools {
  broker: Broker;
  queues: CeleryQueues;
  /** The queue of a task where its signature names none. */
  route(task: string): string;
  signal: AbortSignal;
}

/** A message that is to be sent: everything is decided, so that it can be said what was sent. */
export interface Link {
  taskId: string;
  queue: string;
  message: ReturnType<typeof taskMessage>;
}

/** Why it cannot be carried out by a worker of ours, in one sentence; null where it can. */
export function unsupported({ chord, chain, callbacks, errbacks }: Embed): string | null {
  const parts = [...(chain ?? []), ...(callbacks ?? []), ...(errbacks ?? [])];
  if (chord || parts.some(hasChord))
    return "chords are not supported: Celery's rpc result backend has none; collect with a group, or with a flow of jobs";
  return null;
}

function hasChord(signature: Signature): boolean {
  return signature.subtask_type === 'chord' || membersOf(signature).some(hasChord);
}

const membersOf = ({ subtask_type, kwargs }: Signature): Signature[] =>
  (subtask_type === 'group' || subtask_type === 'chain') && Array.isArray(kwargs?.tasks)
    ? (kwargs.tasks as Signature[])
    : [];

interface Parent {
  taskId: string;
  rootId: string;
}

/** After success: callbacks first, then the chain, as Celery does. */
export function linksOfSuccess(
  { callbacks, chain }: Embed,
  result: unknown,
  parent: Parent & { replyTo: string | null },
  route: LinkTools['route'],
): Link[] {
  const rest = [...(chain ?? [])];
  const next = rest.pop();
  return [
    ...(callbacks ?? []).flatMap((one) => toLinks(one, { parent, route, before: [result], chain: [] })),
    ...(next ? toLinks(next, { parent, route, before: [result], chain: rest, replyTo: parent.replyTo }) : []),
  ];
}

/** After a failure: errbacks in the old style, which take the id of the task that failed. */
export const linksOfFailure = ({ errbacks }: Embed, parent: Parent, route: LinkTools['route']): Link[] =>
  (errbacks ?? []).flatMap((one) => toLinks(one, { parent, route, before: [parent.taskId], chain: [] }));

/** The further links of a chain that will not come to pass: somebody may wait for each. */
export function restOfChain({ chain }: Embed): { taskId: string; replyTo: string }[] {
  return (chain ?? []).flatMap((signature) => {
    const members = membersOf(signature);
    if (members.length > 0) return restOfChain({ chain: members } as Embed);
    const { task_id, reply_to } = signature.options ?? {};
    return task_id && reply_to ? [{ taskId: task_id, replyTo: reply_to }] : [];
  });
}

function toLinks(
  signature: Signature,
  how: {
    parent: Parent;
    route: LinkTools['route'];
    before: readonly unknown[];
    /** What follows on it, the last one first. */
    chain: readonly Signature[];
    replyTo?: string | null;
  },
): Link[] {
  const { parent, route, before, chain, replyTo = null } = how;
  const members = membersOf(signature);
  if (signature.subtask_type === 'group') return members.flatMap((member) => toLinks(member, how));
  if (signature.subtask_type === 'chain') {
    const [first, ...others] = members;
    return first ? toLinks(first, { ...how, chain: [...chain, ...others.toReversed()] }) : [];
  }
  const { task, args, kwargs, immutable } = signature;
  const options = signature.options ?? {};
  const taskId = options.task_id ?? randomUUID();
  const { countdown, expires } = options;
  return [
    {
      taskId,
      queue: options.queue ?? options.routing_key ?? route(task),
      message: taskMessage({
        taskId,
        task,
        args: immutable ? (args ?? []) : [...before, ...(args ?? [])],
        kwargs: kwargs ?? {},
        replyTo: options.reply_to ?? replyTo,
        rootId: parent.rootId,
        parentId: parent.taskId,
        groupId: options.group_id ?? null,
        eta: options.eta ?? (countdown ? inSeconds(countdown) : null),
        expires: typeof expires === 'number' ? inSeconds(expires) : (expires ?? null),
        timeLimit: [options.time_limit ?? null, options.soft_time_limit ?? null],
        priority: options.priority ?? 0,
        embed: {
          chain: chain.length > 0 ? [...chain] : null,
          callbacks: listOf(options.link),
          errbacks: listOf(options.link_error),
        },
      }),
    },
  ];
}

/** Rejects with `NotConfirmed` where the broker did not say that it has it. */
export async function sendLink({ broker, queues, signal }: LinkTools, link: Link): Promise<void> {
  await queues.ready(link.queue, signal);
  const { body, options } = link.message;
  await broker.publish({ routingKey: link.queue, content: body, properties: options });
}

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();

const listOf = (value: Signature | Signature[] | null | undefined): Signature[] | null => {
  const list = Array.isArray(value) ? value : value ? [value] : [];
  return list.length > 0 ? list : null;
};
