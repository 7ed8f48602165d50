import type { TasksDeps } from './deps.ts';
import type { TaskRow } from './task-row.ts';

/** Tells whoever looks right now, once the change is committed: the room `lab`, and with it the device and the run. */
export function showChange({ live }: Pick<TasksDeps, 'live'>, task: TaskRow): void {
  const { id, status, version, device_id, workflow_id } = task;
  live?.publish('lab', {
    type: 'task.changed',
    data: { task_id: id, status, version, device_id, workflow_id },
  });
}
