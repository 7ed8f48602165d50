import { WorkflowEvent, workflowErrors } from '@labwright/contract-workflows';
import { defineFeed } from '@labwright/feed';

/** What happened to workflows and steps, as others read it. Triggers write it: see migrations/0005_feed.sql. */
export const workflowEvents = defineFeed({
  name: 'workflows',
  row: WorkflowEvent,
  invalidCursor: (detail) => workflowErrors.problem('invalid_cursor', detail),
});
