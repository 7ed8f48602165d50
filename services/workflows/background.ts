import { isProblem } from '@labwright/kernel/errors';
import { loop, type Part } from '@labwright/kernel/lifecycle';
import type { CoreDeps } from './deps.ts';

/** Milliseconds that a loop rests after its first failure, and at most. */
const rest = { first: 250, most: 5_000 };

/**
 * A loop that rests longer and longer while its work fails, and says once that something is wrong and once that it is
 * over: an outage of device-service must neither fill the log nor heat the machine.
 */
export function backgroundLoop(
  deps: Pick<CoreDeps, 'log' | 'clock'>,
  options: {
    name: string;
    /** Milliseconds between two rounds. */
    idleMs: number;
    work: (signal: AbortSignal) => Promise<void>;
  },
): Part & { poke(): void } {
  const { name, idleMs, work } = options;
  let failures = 0;
  const self = loop({
    name,
    idleMs,
    log: deps.log,
    work: async (signal) => {
      try {
        await work(signal);
        if (failures > 0) deps.log.info({ loop: name, failures }, 'a loop works again');
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        if (!isProblem(error)) deps.log.error({ err: error, loop: name }, 'a loop failed');
        else if (failures === 1) deps.log.warn({ code: error.code, loop: name }, error.message);
        await deps.clock.sleep(Math.min(rest.most, rest.first * 2 ** (failures - 1)), signal);
        self.poke();
      }
    },
  });
  return self;
}
