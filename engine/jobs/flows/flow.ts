import Type, { type TObject, type TSchema } from 'typebox';
import { checkArgs, checkOptions, type EnqueueOptions, InvalidArgs } from '../enqueue.ts';
import type { Task } from '../task.ts';

/** How a step's job is enqueued when its turn has come; times are absolute. */
export type StepOptions = Omit<EnqueueOptions, 'uniqueKey'>;

/** One job of a flow. */
export interface Step {
  readonly kind: 'step';
  readonly task: Task;
  readonly args: unknown;
  readonly options: StepOptions;
  /** The argument that takes the result of what came before. */
  readonly resultAs: string | null;
}

/** One after the other; its result is that of the last. */
interface Chain {
  readonly kind: 'chain';
  readonly children: readonly Flow[];
}

/** All at once; its result is an array of theirs, in the order in which they were given. */
interface Group {
  readonly kind: 'group';
  readonly children: readonly Flow[];
  readonly collect: boolean;
}

export type Flow = Step | Chain | Group;

export interface GroupOptions {
  /**
   * What the first child means that ends otherwise than succeeded. `fail` (default): the group has failed, and what of
   * it has not begun is cancelled. `collect`: the others go on, and the result has `{ ok }` or `{ error }` for each.
   */
  onFailure?: 'fail' | 'collect';
}

/**
 * One job. With `resultAs`, the result of what came before in the innermost chain around it becomes that argument, and
 * the arguments are compared with the task's schema once more when the job begins: where they do not fit, it has failed.
 * Throws `InvalidArgs`.
 */
export function step<A>(task: Task<A>, args: NoInfer<A>, options?: StepOptions): Step;
export function step<A, K extends keyof A & string>(
  task: Task<A>,
  args: NoInfer<Omit<A, K>>,
  options: StepOptions & { resultAs: K },
): Step;
export function step(
  task: Task,
  args: unknown,
  { resultAs, ...options }: StepOptions & { resultAs?: string } = {},
): Step {
  checkOptions(options);
  if (resultAs === undefined) checkArgs(task, args);
  else checkArgs(withoutArgument(task, resultAs), args);
  return { kind: 'step', task, args, options, resultAs: resultAs ?? null };
}

/** One after the other. A step that ends otherwise than succeeded stops it: those behind it are never run. */
export const chain = (children: readonly Flow[]): Flow => ({
  kind: 'chain',
  children: some('chain', children),
});

/** All at once. */
export const group = (children: readonly Flow[], { onFailure = 'fail' }: GroupOptions = {}): Flow => ({
  kind: 'group',
  children: some('group', children),
  collect: onFailure === 'collect',
});

/** A group, and what is made of its results: once, and only when all children have ended. */
export const chord = (header: readonly Flow[], aggregate: Flow, options?: GroupOptions): Flow =>
  chain([group(header, options), aggregate]);

function some(kind: string, children: readonly Flow[]): readonly Flow[] {
  if (children.length === 0)
    throw new InvalidArgs(`A ${kind} has at least one step: leave an empty one out.`);
  return children;
}

const reduced = new WeakMap<Task, Map<string, Task>>();

/** The same task, before the argument is there. */
function withoutArgument(task: Task, name: string): Task {
  const known = reduced.get(task) ?? new Map<string, Task>();
  reduced.set(task, known);
  let made = known.get(name);
  if (!made) {
    if (!hasArgument(task.args, name))
      throw new InvalidArgs(
        `A job of ${task.name} takes no argument "${name}": name one of its own as resultAs.`,
      );
    made = { ...task, args: Type.Omit(task.args, [name]) };
    known.set(name, made);
  }
  return made;
}

const hasArgument = (schema: TSchema, name: string): schema is TObject =>
  'properties' in schema && Object.hasOwn((schema as TObject).properties, name);
