import { DeviceEvent, reachErrors } from '@labwright/contract-devices';
import { defineTask, type Handler, handle, NoRetry } from '@labwright/jobs';
import { isProblem } from '@labwright/kernel/errors';
import type { CoreDeps } from '../deps.ts';
import { askOutcome } from './ask-outcome.ts';
import { handleEvent } from './handle-event.ts';
import { untilTakenIn } from './until-taken-in.ts';

/** One event of device-service. Its key is its workflow: the events of one are taken in one after the other, in their order. */
export const eventTask = defineTask({
  name: 'workflows.event',
  args: DeviceEvent,
  queue: 'workflows.events',
  // Deaths of workers count as well: a minute and a half in all.
  maxAttempts: 10,
  retryDelayMs: 200,
});

/** The change, what it makes known, and the end of the job are one transaction: an event counts once. */
export function eventHandler(deps: CoreDeps): Handler {
  return handle(eventTask, async (event, context) => {
    try {
      await untilTakenIn(deps, context, isOutage, {
        ask: () => askOutcome(deps, event),
        handle: (tx, outcome, patient) => handleEvent(deps, tx, { event, outcome }, patient),
      });
    } catch (error) {
      if (context.signal.aborted) throw error;
      const { id, type, workflow_id } = event;
      const last = error instanceof NoRetry || context.attempt >= eventTask.settings.maxAttempts;
      if (last) deps.figures.feed.skipped();
      deps.log.error(
        { err: error, event: { id, type, workflow_id }, job: context.id, attempt: context.attempt },
        last
          ? 'an event of device-service was left out: its job is a dead letter, and may be requeued'
          : 'an event of device-service could not be taken in; it is tried again',
      );
      throw error;
    }
  });
}

/** Nothing is wrong with the event. */
const isOutage = (error: unknown) =>
  isProblem(error, 'database_unavailable', ...Object.keys(reachErrors.entries));
