import { isProblem } from '@labwright/kernel/errors';
import { loop, type Part } from '@labwright/kernel/lifecycle';
import type { NotificationsDeps } from '../deps.ts';
import { type Source, takeInPage } from './follow.ts';

/** Milliseconds between two reads, each of which waits for news itself; and of rest while a service is away, at first and at most. */
const pause = { reads: 50, first: 500, most: 10_000 };
const waitSeconds = 20;

/** Follows one feed until it is stopped; says once that its service is away and once that it is back. */
export function follower(deps: NotificationsDeps, source: Source): Part {
  let failures = 0;
  const self = loop({
    name: `follower of ${source.name}`,
    idleMs: pause.reads,
    log: deps.log,
    work: async (signal) => {
      try {
        while (!signal.aborted && (await takeInPage(deps, source, { waitSeconds, signal })) > 0);
        if (failures > 0) deps.log.info({ feed: source.name, failures }, 'a feed is followed again');
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        if (!isProblem(error))
          deps.log.error({ err: error, feed: source.name }, 'a feed could not be taken in');
        else if (failures === 1) deps.log.warn({ code: error.code, feed: source.name }, error.message);
        await deps.clock.sleep(Math.min(pause.most, pause.first * 2 ** (failures - 1)), signal);
        self.poke();
      }
    },
  });
  return self;
}
