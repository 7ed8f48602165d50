import type { Priority } from '@labwright/contract-devices';
import { demandRole } from '@labwright/kernel/http';
import Type from 'typebox';

export const tags = ['workflows'];

export const WorkflowParams = Type.Object({ id: Type.String({ description: 'The id of the workflow.' }) });

/** It goes before everybody else who waits: not each scientist decides on that. */
export function refuseUrgent({ priority }: { priority?: Priority }): void {
  if (priority === 'urgent') demandRole('operator', 'Priority urgent');
}
