import type { Clock } from '@labwright/kernel/clock';
import type { Db } from '@labwright/kernel/db';
import { loop, type Part } from '@labwright/kernel/lifecycle';
import type { Log } from '@labwright/kernel/log';
import { runDueSchedules } from './tick.ts';

/** A look each second, and one at the next tick. */
const idleMs = 1_000;

/**
 * Keeps the schedules of a database ticking, for a process that carries out no jobs: every worker does so anyway. Any number
 * may run; there is no leader that could be missing.
 */
export function createScheduler(options: { db: Db; log: Log; clock?: Clock }): Part {
  const { db, ...others } = options;
  const ticking = loop({
    name: 'schedules',
    idleMs,
    log: options.log,
    work: async () => {
      const { nextMs } = await runDueSchedules(db, others);
      if (nextMs !== null && nextMs < idleMs) setTimeout(() => ticking.poke(), Math.max(1, nextMs)).unref();
    },
  });
  return ticking;
}
