import { randomUUID } from 'node:crypto';
import type { AnnouncedEvent } from '@labwright/contract-hub/announce';
import type { Queryable } from '@labwright/kernel/db';
import type { TasksDeps } from './deps.ts';
import { assigneeOf, type TaskRow } from './task-row.ts';

/** What people are told of. */
export type Tidings = 'task.created' | 'task.assigned' | 'task.overdue' | 'task.completed' | 'task.cancelled';

/**
 * Tells people in the transaction of the change: whom it is for where that is a person, who made it where it has ended, and else
 * whoever subscribed to it. Nobody is told of what they did themselves.
 */
export async function tell(
  deps: TasksDeps,
  tx: Queryable,
  type: Tidings,
  task: TaskRow,
  by: string,
): Promise<void> {
  if (!deps.announcer) return;
  const people = recipientsOf(type, task);
  const recipients = people?.filter((id) => id !== by);
  if (recipients?.length === 0) return;
  await deps.announcer.announce(tx, {
    id: randomUUID(),
    type,
    ...wordsFor(type, task),
    link: `/tasks/${task.id}`,
    subject: {
      ...(task.device_id === null ? {} : { device_id: task.device_id }),
      ...(task.workflow_id === null ? {} : { workflow_id: task.workflow_id }),
    },
    ...(recipients ? { recipients } : {}),
    occurred_at: task.updated_at,
  });
}

/** Undefined: by subscription. Built-in principals (`system`) read no messages. */
function recipientsOf(type: Tidings, task: TaskRow): string[] | undefined {
  const maker = task.created_by_id === 'system' ? [] : [task.created_by_id];
  const doer = [task.holder_id ?? task.assignee_person].filter((id) => id !== null);
  const people = {
    'task.created': [],
    'task.assigned': doer,
    'task.overdue': [...doer, ...(doer.length > 0 ? maker : [])],
    'task.completed': maker,
    'task.cancelled': doer,
  }[type];
  return people.length > 0 ? [...new Set(people)] : undefined;
}

function wordsFor(type: Tidings, task: TaskRow): Pick<AnnouncedEvent, 'severity' | 'title' | 'text'> {
  const where = task.device_id === null ? '' : ` at ${task.device_id}`;
  const due = task.due_at === null ? '' : ` It is due at ${task.due_at}.`;
  const urgent = task.priority === 'urgent' ? 'warning' : 'info';
  switch (type) {
    case 'task.created':
      return {
        severity: urgent,
        title: `To do: ${task.title}`,
        text: `A task${where} waits for anybody.${due}`,
      };
    case 'task.assigned':
      return {
        severity: urgent,
        title: `To do: ${task.title}`,
        text: `A task${where} waits for ${nameOfAssignee(task)}.${due}`,
      };
    case 'task.overdue':
      return {
        severity: 'warning',
        title: `Overdue: ${task.title}`,
        text: `A task${where} was due at ${task.due_at}, and ${
          task.holder_name === null ? 'nobody has it in hand' : `${task.holder_name} has it in hand`
        }.`,
      };
    case 'task.completed':
      return {
        severity: 'info',
        title: `Done: ${task.title}`,
        text: `${task.holder_name} completed a task${where}.`,
      };
    case 'task.cancelled':
      return {
        severity: 'info',
        title: `Not needed any more: ${task.title}`,
        text: `A task${where} was cancelled: ${task.status_reason}`,
      };
  }
}

function nameOfAssignee(task: TaskRow): string {
  const assignee = assigneeOf(task);
  if (assignee === null) return 'anybody';
  return 'role' in assignee ? `whoever is ${assignee.role}` : assignee.name;
}
