import type { Handler } from '@labwright/jobs';

export interface RunningJob {
  id: string;
  task: string;
  /** `performance.now()` */
  since: number;
}

/** What a worker does and did, for people, probes and its supervisor. */
export interface Ledger {
  /** The same handlers, watched. */
  readonly handlers: Handler[];
  /** Those in hand, the longest first. */
  running(): RunningJob[];
  /** Attempts that ended, whatever came of them. */
  readonly done: number;
  /** Attempts whose job was taken from this worker, or given back by it. */
  readonly lost: number;
  /** Milliseconds that handlers have run, all together, those in hand too. */
  busyMs(): number;
}

export function openLedger(handlers: readonly Handler[]): Ledger {
  const inHand = new Set<RunningJob>();
  let done = 0;
  let lost = 0;
  let spentMs = 0;

  const watched = ({ task, run }: Handler): Handler => ({
    task,
    run: async (args, context) => {
      const { signal } = context;
      const job: RunningJob = { id: context.id, task: task.name, since: performance.now() };
      inHand.add(job);
      const taken = () => {
        if (signal.reason?.name === 'WorkerFenced') lost += 1;
      };
      signal.addEventListener('abort', taken, { once: true });
      try {
        return await run(args, context);
      } finally {
        signal.removeEventListener('abort', taken);
        inHand.delete(job);
        spentMs += performance.now() - job.since;
        done += 1;
      }
    },
  });

  return {
    handlers: handlers.map(watched),
    running: () => [...inHand],
    get done() {
      return done;
    },
    get lost() {
      return lost;
    },
    busyMs: () => {
      const now = performance.now();
      return [...inHand].reduce((sum, { since }) => sum + now - since, spentMs);
    },
  };
}
