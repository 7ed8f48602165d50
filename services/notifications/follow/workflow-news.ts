import type { AnnouncedEvent } from '@labwright/contract-hub/announce';
import { WorkflowChange, type WorkflowEvent } from '@labwright/contract-workflows';
import Value from 'typebox/value';
import { uuidOf } from '../text.ts';

type Told = Pick<AnnouncedEvent, 'type' | 'severity' | 'title' | 'text'>;

/** What people care about of an event of workflow-service; undefined: nothing. */
export function workflowNews(event: WorkflowEvent): AnnouncedEvent | undefined {
  if (event.type !== 'workflow.changed' || !Value.Check(WorkflowChange, event.data)) return undefined;
  const told = tell(event.data);
  if (!told) return undefined;
  const { id, workflow_id, device_id, at } = event;
  return {
    // With its time: a database that was replaced counts from 1 again.
    id: uuidOf('workflows', id, at),
    ...told,
    link: `/workflows/${encodeURIComponent(workflow_id)}`,
    subject: { workflow_id, device_id },
    occurred_at: at,
  };
}

function tell({ name, status, reason, by, cause }: WorkflowChange): Told | undefined {
  const text = reason ?? '';
  switch (status) {
    case 'failed':
      // One trouble, one message: the step is why the workflow failed, and what a person has to decide.
      return cause === 'unknown'
        ? {
            type: 'step.unknown',
            severity: 'critical',
            title: `Nobody knows what became of a step of ${name}`,
            text: `${text}. Look at the instrument, then tell what happened: the workflow waits for it.`,
          }
        : { type: 'workflow.failed', severity: 'warning', title: `${name} failed`, text };
    case 'paused':
      // Somebody asked for it and knows; what came by itself waits for a person.
      return {
        type: 'workflow.paused',
        severity: by === null ? 'warning' : 'info',
        title: `${name} is paused`,
        text,
      };
    case 'completed':
      return { type: 'workflow.completed', severity: 'info', title: `${name} is completed`, text };
    case 'cancelled':
      return { type: 'workflow.cancelled', severity: 'info', title: `${name} was cancelled`, text };
    default:
      return undefined;
  }
}
