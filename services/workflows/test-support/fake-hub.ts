import {
  faultsOfFields,
  hubReachErrors,
  type StepTask,
  type Task,
  type TaskOutcome,
  type TasksApi,
  taskErrors,
} from '@labwright/contract-hub/tasks';
import { commonErrors } from '@labwright/kernel/errors';
import type { Fault } from './faulty-devices.ts';

/** The people of a laboratory in memory, behind a network that fails as `fault` says. Kept to the promises of `TasksApi`. */
export interface FakeHub {
  readonly api: TasksApi;
  readonly tasks: ReadonlyMap<string, Task>;
  /** Asked at every call. */
  fault: (call: keyof TasksApi) => Fault | undefined;
  /** A person does the task, or says that it cannot be done. Answers the code of a refusal. */
  complete(id: string, values?: Record<string, string | number | boolean>): string | undefined;
  cancel(id: string, reason?: string): string | undefined;
  /** Lets what was given up arrive. */
  deliver(): Promise<void>;
  readonly calls: Record<keyof TasksApi, number>;
}

export function createFakeHub(): FakeHub {
  const tasks = new Map<string, Task>();
  const ended: TaskOutcome[] = [];
  const stuck: (() => unknown)[] = [];
  const calls = { ensure: 0, withdraw: 0, get: 0, outcomes: 0 };
  let readers: (() => void)[] = [];

  const put = (asked: StepTask): Task => {
    const known = tasks.get(asked.id);
    if (known) {
      if (known.workflow_id === asked.workflow_id && known.step === asked.step) return known;
      throw taskErrors.problem('task_id_reused', `Task ${asked.id} belongs to another step.`);
    }
    const at = new Date().toISOString();
    const { assignee = null, fields = [], instructions = '', priority = 'normal' } = asked;
    const task: Task = {
      ...asked,
      fields,
      instructions,
      priority,
      assignee: assignee && 'person' in assignee ? { ...assignee, name: assignee.person } : assignee,
      status: 'open',
      status_reason: null,
      holder: null,
      values: null,
      version: 1,
      created_by: { id: 'system', name: 'Labwright' },
      created_at: at,
      started_at: null,
      finished_at: null,
      updated_at: at,
    };
    tasks.set(task.id, task);
    return task;
  };
  const end = (id: string, status: 'completed' | 'cancelled', more: Partial<Task>) => {
    const task = tasks.get(id);
    if (!task) return 'task_not_found';
    if (task.status === 'completed' || task.status === 'cancelled') return 'wrong_task_state';
    const at = new Date().toISOString();
    tasks.set(id, { ...task, ...more, status, version: task.version + 1, finished_at: at });
    ended.push({
      id: String(ended.length + 1),
      task_id: id,
      workflow_id: task.workflow_id ?? '',
      status,
      at,
    });
    const woken = readers;
    readers = [];
    for (const wake of woken) wake();
    return undefined;
  };
  const check = ({ title, fields = [] }: StepTask) => {
    const untitled = title.length === 0 || title.includes('\0');
    if (untitled)
      throw commonErrors.problem('validation_failed', 'body.title', {
        faults: [{ path: 'body.title', message: 'is not valid' }],
      });
    const faults = faultsOfFields(fields, 'body.fields');
    if (faults.length > 0) throw taskErrors.problem('invalid_task', 'body.fields', { faults });
  };
  const after = (cursor = '0:0') => {
    const [, place] = /^0:(\d{1,9})$/.exec(cursor) ?? [];
    if (place === undefined || Number(place) > ended.length)
      throw taskErrors.problem('invalid_cursor', 'The cursor is not one of this feed.');
    const events = ended.slice(Number(place), Number(place) + 200);
    return { events, next_cursor: `0:${Number(place) + events.length}` };
  };

  const through = async <T>(call: keyof TasksApi, send: () => T | Promise<T>): Promise<T> => {
    calls[call] += 1;
    switch (hub.fault(call)) {
      case 'unreachable':
        throw hubReachErrors.problem('hub_service_unreachable', 'hub-service cannot be reached');
      case 'unanswered':
        await send();
        throw hubReachErrors.problem('hub_service_no_answer', 'hub-service did not answer');
      case 'late':
        stuck.push(send);
        throw hubReachErrors.problem('hub_service_no_answer', 'hub-service did not answer');
      case 'lost':
        throw hubReachErrors.problem('hub_service_no_answer', 'hub-service did not answer');
      default:
        return send();
    }
  };

  const hub: FakeHub = {
    tasks,
    calls,
    fault: () => undefined,
    complete: (id, values = {}) => end(id, 'completed', { values, holder: { id: 'olga', name: 'Olga' } }),
    cancel: (id, reason = 'the plate broke') => end(id, 'cancelled', { status_reason: reason }),
    deliver: async () => {
      for (const send of stuck.splice(0)) await send();
    },
    api: {
      ensure: (asked) =>
        through('ensure', () => {
          check(asked);
          return put(asked);
        }),
      withdraw: (asked, reason) =>
        through('withdraw', () => {
          put(asked);
          end(asked.id, 'cancelled', { status_reason: reason });
          return put(asked);
        }),
      get: (id) =>
        through('get', () => {
          const task = tasks.get(id);
          if (!task) throw taskErrors.problem('task_not_found', `There is no task ${id}.`);
          return task;
        }),
      outcomes: ({ cursor, wait_seconds, signal }) =>
        through('outcomes', async () => {
          signal?.throwIfAborted();
          const page = after(cursor);
          if (page.events.length > 0 || wait_seconds === 0) return page;
          const woken = Promise.withResolvers<void>();
          readers.push(woken.resolve);
          const timer = setTimeout(woken.resolve, wait_seconds * 1_000);
          signal?.addEventListener('abort', () => woken.resolve(), { once: true });
          await woken.promise;
          clearTimeout(timer);
          signal?.throwIfAborted();
          return after(cursor);
        }),
    },
  };
  return hub;
}
