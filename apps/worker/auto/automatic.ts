import type { Db } from '@labwright/kernel/db';
import { loop, type Part } from '@labwright/kernel/lifecycle';
import type { Log } from '@labwright/kernel/log';
import type { Supervisor } from '../supervise/supervisor.ts';
import { backlogOf } from './backlog.ts';
import { type AutoSettings, beginAuto, decide } from './decide.ts';

const everyMs = 1_000;

/** Looks each second how many workers there should be, and says why where that changes. */
export function scaleAutomatically(options: {
  db: Db;
  queues: readonly string[];
  supervisor: Supervisor;
  settings: AutoSettings;
  log: Log;
  say(line: string): void;
}): Part {
  const { db, queues, supervisor, settings, log, say } = options;
  let state = beginAuto();
  return loop({
    name: 'automatic scaling',
    idleMs: everyMs,
    log,
    work: async (signal) => {
      const backlog = await backlogOf(db, queues);
      if (signal.aborted) return;
      const { ready, done, busyMs } = supervisor.figures();
      const workers = supervisor.wanted;
      const at = performance.now() / 1_000;
      const next = decide(state, { at, workers, ready, backlog, done, busyMs }, settings);
      state = next.state;
      const { decision } = next;
      if (decision.workers === workers) return;
      say(`${workers} → ${decision.workers} workers: ${decision.reason}.`);
      supervisor.scale(decision.workers);
    },
  });
}
