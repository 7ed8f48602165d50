import { createWorker, type Handler, jobMetrics, type Worker } from '@labwright/jobs';
import { group, type Part } from '@labwright/kernel/lifecycle';
import { backgroundLoop } from './background.ts';
import { conduct } from './conductor/conduct.ts';
import { createRests } from './conductor/rests.ts';
import type { CoreDeps } from './deps.ts';
import { storePage } from './feed/follow.ts';
import { eventHandler, eventTask } from './feed/take-in-event.ts';
import { repair } from './repair/repair.ts';
import { storeTaskPage } from './tasks/follow-tasks.ts';
import { repairTasks } from './tasks/repair-tasks.ts';
import { taskEndedHandler } from './tasks/task-ended.ts';
import { sweepEvents } from './tidings/sweep.ts';
import { tellWaits } from './waits/tell-waits.ts';

/** Milliseconds between two reads of the feed, each of which waits for news itself. */
const betweenReads = 50;

/** Events of different workflows that are taken in at once; some of them wait for an action. */
const eventsAtOnce = 100;

export interface Loops {
  part: Part;
  /** For a worker in a process of its own. */
  jobs: { readonly queues: readonly string[]; readonly handlers: readonly Handler[] };
  wakeRepair(): void;
  wakeConductor(): void;
  wakeTasks(): void;
}

/** What goes on without being asked: the follower of the feed, the worker that takes events in, the repair loop, the conductor, and who tells devices what their holders wait for. */
export function createLoops(deps: CoreDeps): Loops {
  const jobs = { queues: [eventTask.settings.queue], handlers: [eventHandler(deps), taskEndedHandler(deps)] };
  const worker: Worker | undefined = deps.transport
    ? createWorker({
        db: deps.db,
        log: deps.log,
        ...jobs,
        transport: deps.transport(deps.db),
        concurrency: eventsAtOnce,
        drainMs: 2_000,
        observer: jobMetrics(deps.metrics, deps.db, jobs.queues, {
          running: () => worker?.running ?? 0,
          concurrency: eventsAtOnce,
        }),
      })
    : undefined;
  const follower = backgroundLoop(deps, {
    name: 'follower of device-service',
    idleMs: betweenReads,
    work: async (signal) => {
      try {
        while (!signal.aborted && (await storePage(deps, deps.settings.feedWaitSeconds, signal)) > 0);
      } catch (error) {
        deps.figures.feed.lost();
        throw error;
      }
    },
  });
  const repairs = backgroundLoop(deps, {
    name: 'repair of workflows',
    idleMs: deps.settings.repairMs,
    work: (signal) => repair(deps, signal),
  });
  const { tasks } = deps;
  const people = tasks && {
    repairs: backgroundLoop(deps, {
      name: 'repair of operator tasks',
      idleMs: deps.settings.repairMs,
      work: (signal) => repairTasks(deps, signal),
    }),
    follower: backgroundLoop(deps, {
      name: 'follower of hub-service',
      idleMs: betweenReads,
      work: async (signal) => {
        while (
          !signal.aborted &&
          (await storeTaskPage(deps, tasks, deps.settings.feedWaitSeconds, signal)) > 0
        );
      },
    }),
  };
  const rests = createRests(deps.clock);
  const conductor = backgroundLoop(deps, {
    name: 'conductor of workflows',
    idleMs: deps.settings.repairMs,
    work: (signal) => conduct(deps, rests, signal),
  });
  const waits = backgroundLoop(deps, {
    name: 'what devices are told of waits',
    idleMs: deps.settings.repairMs,
    work: (signal) => tellWaits(deps, signal),
  });
  return {
    part: group(
      'workflows',
      [
        repairs,
        conductor,
        waits,
        sweepEvents(deps),
        ...(worker ? [worker] : []),
        follower,
        ...(people ? [people.repairs, people.follower] : []),
      ],
      deps.log,
    ),
    jobs,
    wakeRepair: () => repairs.poke(),
    // What does not go on by itself waits for somebody, and its device is told.
    wakeConductor: () => {
      conductor.poke();
      waits.poke();
    },
    wakeTasks: () => people?.repairs.poke(),
  };
}
