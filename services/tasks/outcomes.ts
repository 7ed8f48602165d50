import { TaskOutcome, taskErrors } from '@labwright/contract-hub/tasks';
import { defineFeed } from '@labwright/feed';

/** The tasks of steps that ended, for whoever follows. Indexes task_outcomes_feed, task_outcomes_at. */
export const taskOutcomes = defineFeed({
  name: 'tasks',
  table: 'task_outcomes',
  row: TaskOutcome,
  invalidCursor: (detail) => taskErrors.problem('invalid_cursor', detail),
});
