import type { Execution } from '@labwright/contract-devices';
import type { Clock } from '@labwright/kernel/clock';

/** Where requests wait for the outcome of an execution. */
export interface WaitingRoom {
  /** Tells everyone who waits for this execution. */
  tell(execution: Execution): void;
  /** Wakes everyone who waits for this execution, without an outcome: they have to look. */
  wake(execution: Pick<Execution, 'id'>): void;
  /** Resolves with the outcome when it is told, or with undefined when woken or after `ms` milliseconds. */
  wait(execution: Execution, ms: number, signal: AbortSignal): Promise<Execution | undefined>;
}

export function createWaitingRoom(clock: Clock): WaitingRoom {
  const waiting = new Map<string, Set<(outcome: Execution | undefined) => void>>();

  const notify = (id: string, outcome: Execution | undefined) => {
    for (const resolve of waiting.get(id) ?? []) resolve(outcome);
  };

  return {
    tell: (execution) => notify(execution.id, execution),
    wake: (execution) => notify(execution.id, undefined),
    wait: async ({ id }, ms, signal) => {
      const told = Promise.withResolvers<Execution | undefined>();
      const others = waiting.get(id) ?? new Set();
      waiting.set(id, others.add(told.resolve));
      const timer = new AbortController();
      const late = clock.sleep(ms, AbortSignal.any([timer.signal, signal])).then(
        () => undefined,
        () => undefined,
      );
      try {
        return await Promise.race([told.promise, late]);
      } finally {
        timer.abort();
        others.delete(told.resolve);
        if (others.size === 0) waiting.delete(id);
      }
    },
  };
}
