import type { paths } from '@labwright/client/openapi/workflow-service';
import { useQuery } from '@tanstack/react-query';
import { ask } from './ask.ts';
import { workflows } from './services.ts';

type Workflow = paths['/workflows/{id}']['get']['responses'][200]['content']['application/json'];

/** The task of an operator that a workflow waits for. */
export interface PersonWait {
  readonly task: string;
  readonly title: string;
}

export function personWaitOf({ steps }: Pick<Workflow, 'steps'>): PersonWait | null {
  for (const { operator_task, waiting_reasons } of steps) {
    const task = waiting_reasons.find(({ code }) => code === 'operator_task')?.task_id;
    if (operator_task && task) return { task, title: operator_task.title };
  }
  return null;
}

/** Who holds a device, and what it does there; nothing where nobody holds it. */
interface Held {
  readonly booking: { readonly workflow_id: string } | null;
  readonly running?: object | null;
}

/**
 * Whether the holder of a device waits for a person: how long that takes nobody can reckon, so no time is told then. device-service knows of no
 * tasks, so the workflow is asked; and only while its device does nothing, for there may be hundreds that work.
 */
export function usePersonWait({ booking, running = null }: Held, wanted = true): PersonWait | null {
  const id = booking && running === null && wanted ? booking.workflow_id : undefined;
  const params = { path: { id: id ?? '' } };
  const { data } = useQuery({
    // Apart from others who read this workflow: theirs may be kept for good, this one is kept live.
    queryKey: ['workflow-service', '/workflows/{id}', { params }, 'person'],
    queryFn: async ({ signal }) =>
      personWaitOf(await ask(workflows.GET('/workflows/{id}', { params, signal }))),
    enabled: id !== undefined,
    retry: false,
    meta: { live: [`run:${id}`] },
  });
  return id === undefined ? null : (data ?? null);
}
