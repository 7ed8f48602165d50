import type { Task } from './task.ts';

/** The tasks that a scanned code is about, in their order: those that expect it in their form, then those at this device or of this id. */
export function tasksAsking<
  Asked extends Pick<Task, 'id' | 'fields' | 'device_id' | 'workflow_id' | 'title'>,
>(tasks: readonly Asked[], code: string): Asked[] {
  const expects = tasks.filter(({ fields }) => fields.some(({ expected }) => expected?.includes(code)));
  const names = new RegExp(`(^|[^A-Za-z0-9_.-])${escaped(code)}($|[^A-Za-z0-9_.-])`);
  const named = tasks.filter(
    (task) =>
      !expects.includes(task) && (task.id === code || task.workflow_id === code || names.test(task.title)),
  );
  const there = tasks.filter(({ device_id }) => device_id === code);
  // Several at one device are a choice for a person: the list of that device.
  const only = there.length === 1 && !expects.includes(there[0] as Asked) ? there : [];
  return [...new Set([...expects, ...named, ...only])];
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
