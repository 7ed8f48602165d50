import { isProblem } from '@labwright/kernel/errors';

/**
 * What the failure of a call to device-service or hub-service says about its effect:
 * `refused` and `unreachable`: it had none, certainly; `unanswered`: nobody knows.
 */
export type Verdict = 'refused' | 'unreachable' | 'unanswered';

const unreachable = new Set(['device_service_unreachable', 'hub_service_unreachable']);

export function verdictOf(error: unknown): Verdict {
  if (!isProblem(error)) return 'unanswered';
  if (unreachable.has(error.code)) return 'unreachable';
  return error.status < 500 ? 'refused' : 'unanswered';
}
