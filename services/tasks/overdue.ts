import { defineTask, enqueue, type Handler, handle } from '@labwright/jobs';
import type { Queryable } from '@labwright/kernel/db';
import { systemPrincipal } from '@labwright/kernel/identity';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { TasksDeps } from './deps.ts';
import { note } from './history.ts';
import { TaskRow, taskColumns } from './task-row.ts';
import { tell } from './tidings.ts';

/** Looks whether a task is overdue. Each due time that a task ever had makes one; those that it has no more find nothing. */
export const overdueTask = defineTask({
  name: 'tasks.overdue',
  args: Type.Object({ task_id: Type.String() }),
  queue: 'hub.tasks',
  maxAttempts: 10,
  repeatable: true,
});

/** Has it looked at when its time is over: a job of the transaction that set the time. */
export async function watchDueTime(tx: Queryable, task: TaskRow): Promise<void> {
  if (task.due_at === null || task.status === 'completed' || task.status === 'cancelled') return;
  // The database knows microseconds and a Date does not: the next millisecond is not too early.
  await enqueue(tx, overdueTask, { task_id: task.id }, { runAt: new Date(Date.parse(task.due_at) + 1) });
}

// Told once for each due time. The version stays: who fills in the form meanwhile is not disturbed.
const markOverdue = rows(
  'tasks.mark_overdue',
  TaskRow,
  `UPDATE operator_tasks t SET overdue_told_at = clock_timestamp()
   WHERE t.id = $1 AND t.status IN ('open', 'in_progress') AND t.due_at <= clock_timestamp() AND t.overdue_told_at IS NULL
   RETURNING ${taskColumns}`,
);

/** What is told, and the end of the job, are one transaction. */
export const overdueHandler = (deps: TasksDeps): Handler =>
  handle(overdueTask, async ({ task_id }, context) => {
    await deps.db.transaction(async (tx) => {
      const late = await tx.first(markOverdue, [task_id]);
      if (late) {
        await note(tx, late, systemPrincipal, { kind: 'overdue', text: `It was due at ${late.due_at}` });
        await tell(deps, tx, 'task.overdue', late, systemPrincipal.id);
      }
      if (!(await context.complete(tx))) throw new Error('the job is not ours any more');
    });
  });
