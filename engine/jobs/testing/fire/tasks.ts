/**
 * What is done under fire, and the log that handlers keep of it: the table `deeds`. Each line is guarded as a device would be by a
 * fencing token: it is written only while the job is this attempt's, and who takes the job away waits for it.
 */
import type { Db } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { defineTask, type Handler, handle, type JobContext, NoRetry, Tick } from '../../index.ts';

export const deedsSql = `
  CREATE TABLE deeds (job_id bigint, attempt integer, worker bigint, key text, begun timestamptz, ended timestamptz, PRIMARY KEY (job_id, attempt, worker));
  CREATE TABLE once (job_id bigint);
  CREATE TABLE asked (batch integer PRIMARY KEY, jobs integer)`;

const Work = Type.Object({
  ms: Type.Number(),
  batch: Type.Integer(),
  /** Attempts that throw before one succeeds. */
  throws: Type.Integer(),
});
/** Done at least once, its log guarded. */
export const deed = defineTask({ name: 'deed', args: Work, retryDelayMs: 20 });
/** The same, for keyless work that may be begun elsewhere as soon as its worker is seen to be gone. */
export const repeatable = defineTask({ name: 'repeatable', args: Work, retryDelayMs: 20, repeatable: true });
/** Its work is a row, in the transaction that completes it. */
export const once = defineTask({ name: 'once', args: Work, retryDelayMs: 20 });
/** Says that trying again does not help. */
export const hopeless = defineTask({ name: 'hopeless', args: Work });
/** Always throws. */
export const unlucky = defineTask({ name: 'unlucky', args: Work, maxAttempts: 3, retryDelayMs: 20 });
/** Kills its worker. */
export const poison = defineTask({ name: 'poison', args: Work, maxAttempts: 2 });
export const tick = defineTask({
  name: 'tick',
  args: Type.Object({ tick: Type.Union([Tick, Type.Null()]) }),
  retryDelayMs: 20,
  maxAttempts: 100,
});

// The row of the job is locked: whoever takes it away comes before, and then this finds nothing, or after. So no clock is read late.
const mine = `SELECT id, attempts, worker, key FROM jobs WHERE id = $1 AND state = 'running' AND attempts = $2`;
const begin = rows(
  'test.fire.begin',
  Type.Object({ worker: Type.String() }),
  `WITH mine AS (${mine} FOR SHARE)
   INSERT INTO deeds (job_id, attempt, worker, key, begun) SELECT id, attempts, worker, key, clock_timestamp() FROM mine
   RETURNING worker`,
);
const end = rows(
  'test.fire.end',
  Type.Object({ id: Type.String() }),
  `WITH mine AS (${mine} AND worker = $3 FOR SHARE)
   UPDATE deeds SET ended = clock_timestamp() FROM mine
   WHERE deeds.job_id = mine.id AND deeds.attempt = mine.attempts AND deeds.worker = mine.worker RETURNING deeds.job_id AS id`,
);
const doOnce = command('test.fire.once', 'INSERT INTO once (job_id) VALUES ($1)');

export function handlers(db: Db): Handler[] {
  const work = async (
    { ms, throws }: { ms: number; throws: number },
    { id, attempt, signal }: JobContext,
  ) => {
    const own = await db.first(begin, [id, attempt]);
    if (!own) throw new Error('the job is in other hands');
    await new Promise((resolve) => setTimeout(resolve, ms));
    signal.throwIfAborted();
    if (attempt <= throws) throw new Error('so far it fails');
    if (!(await db.first(end, [id, attempt, own.worker]))) throw new Error('the job went into other hands');
    return { did: id };
  };
  return [
    handle(deed, work),
    handle(repeatable, work),
    handle(once, async ({ ms }, { id, complete }) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      await db.transaction(async (tx) => {
        await tx.execute(doOnce, [id]);
        if (!(await complete(tx))) throw new Error('the job is in other hands');
      });
    }),
    handle(hopeless, async () => {
      throw new NoRetry('no use');
    }),
    handle(unlucky, async () => {
      throw new Error('no luck');
    }),
    handle(poison, async () => {
      process.kill(process.pid, 'SIGKILL');
      await new Promise(() => {});
    }),
    handle(tick, async (_args, context) => void (await work({ ms: 1, throws: 0 }, context))),
  ];
}
