import type { paths } from '@labwright/client/openapi/workflow-service';
import { useQuery } from '@tanstack/react-query';
import { ask } from './ask.ts';
import { workflows } from './services.ts';

type Workflow = paths['/workflows/{id}']['get']['responses'][200]['content']['application/json'];

/** What the holder of a device waits for that does not come by itself. */
export type HolderWait =
  | { readonly kind: 'task'; readonly task: string; readonly title: string }
  | { readonly kind: 'step'; readonly position: number }
  | { readonly kind: 'completion' }
  | { readonly kind: 'failed'; readonly position: number; readonly message: string | null }
  | { readonly kind: 'unknown'; readonly position: number };

/** Null where it goes on by itself, or holds nothing. The same as device-service is told (services/workflows/waits). */
export function holderWaitOf({
  status,
  auto,
  steps,
}: Pick<Workflow, 'status' | 'auto' | 'steps'>): HolderWait | null {
  for (const { operator_task, waiting_reasons } of steps) {
    const task = waiting_reasons.find(({ code }) => code === 'operator_task')?.task_id;
    if (operator_task && task) return { kind: 'task', task, title: operator_task.title };
  }
  if (status !== 'failed' && (status !== 'running' || auto)) return null;
  const next = steps.find((step) => step.status !== 'succeeded' && step.status !== 'skipped');
  if (!next) return { kind: 'completion' };
  const { position, error } = next;
  switch (next.status) {
    case 'running':
      return null;
    case 'failed':
      return { kind: 'failed', position, message: error?.message ?? null };
    case 'unknown':
      return { kind: 'unknown', position };
    default:
      return { kind: 'step', position };
  }
}

/** Who holds a device, and what it does there; nothing where nobody holds it. */
interface Held {
  readonly booking: { readonly workflow_id: string } | null;
  readonly running?: object | null;
}

/**
 * What the holder of a device waits for: how long somebody takes nobody can reckon, so no time is told then. The workflow itself is asked, which
 * knows it a moment before device-service has been told; and only while its device does nothing, for there may be hundreds that work.
 */
export function useHolderWait({ booking, running = null }: Held, wanted = true): HolderWait | null {
  const id = booking && running === null && wanted ? booking.workflow_id : undefined;
  const params = { path: { id: id ?? '' } };
  const { data } = useQuery({
    // Apart from others who read this workflow: theirs may be kept for good, this one is kept live.
    queryKey: ['workflow-service', '/workflows/{id}', { params }, 'wait'],
    queryFn: async ({ signal }) =>
      holderWaitOf(await ask(workflows.GET('/workflows/{id}', { params, signal }))),
    enabled: id !== undefined,
    retry: false,
    meta: { live: [`run:${id}`] },
  });
  return id === undefined ? null : (data ?? null);
}

/** That the holder waits is told beside its name; device-service's own word of it stands in only where the workflow could not be asked. */
export const reasonsBeside = <T extends { readonly code: string }>(
  reasons: readonly T[],
  holderWait: HolderWait | null,
): T[] => reasons.filter(({ code }) => holderWait === null || beside.has(code));

const beside = new Set(['device_busy', 'entries_ahead', 'device_in_maintenance', 'device_paused']);
