import { isProblem } from '@labwright/kernel/errors';

/**
 * What the failure of a call to device-service says about its effect:
 * `refused` and `unreachable`: it had none, certainly; `unanswered`: nobody knows.
 */
export type Verdict = 'refused' | 'unreachable' | 'unanswered';

export function verdictOf(error: unknown): Verdict {
  if (!isProblem(error)) return 'unanswered';
  if (error.code === 'device_service_unreachable') return 'unreachable';
  return error.status < 500 ? 'refused' : 'unanswered';
}
