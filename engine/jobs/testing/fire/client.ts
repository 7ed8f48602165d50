/** Who asks for jobs while the fire is on: each batch in a transaction with a row that says how many it has. */
import { type Db, type Queryable, sqlState } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';
import { chain, chord, enqueue, enqueueMany, startFlow, step, type Task } from '../../index.ts';
import { deed, hopeless, once, poison, repeatable, unlucky } from './tasks.ts';

const ask = command('test.fire.ask', 'INSERT INTO asked (batch, jobs) VALUES ($1, $2)');

export interface Client {
  /** Batches of which an answer said that they are there. */
  readonly answered: number[];
  /** Batches of which nobody knows: no answer came. */
  readonly unanswered: number[];
  /** Jobs asked for, without those of flows. */
  readonly jobs: number;
  /** One batch, of a size as it comes; resolves whether it was answered. */
  batch(): Promise<boolean>;
}

export function createClient(
  db: Db,
  random: { next(): number; below(n: number): number },
  options: { queue: string; keys: number; longestMs: number; batchJobs: number; poisons: number },
): Client {
  const { queue, keys, longestMs, batchJobs } = options;
  let poisons = options.poisons;
  let batch = 0;
  let jobs = 0;
  const answered: number[] = [];
  const unanswered: number[] = [];
  const args = (throws = 0) => ({ ms: random.below(longestMs), batch, throws });
  const place = () => ({ queue, maxAttempts: 200 });

  return {
    answered,
    unanswered,
    get jobs() {
      return jobs;
    },
    batch: async () => {
      batch += 1;
      const own = batch;
      const wanted: ((tx: Queryable) => Promise<unknown>)[] = [];
      let count = 0;
      const add = (many: number, by: (tx: Queryable) => Promise<unknown>) => {
        wanted.push(by);
        count += many;
      };
      const many = (task: Task<ReturnType<typeof args>>, size: number, key: boolean) => {
        const made = Array.from({ length: size }, () => ({
          args: args(random.next() < 0.1 ? 1 + random.below(2) : 0),
          ...(key ? { key: `key ${random.below(keys)}` } : {}),
        }));
        const priority = random.below(5) - 2;
        add(size, (tx) => enqueueMany(tx, task, made, { ...place(), priority }));
      };
      const third = Math.ceil(batchJobs / 4);
      many(deed, third, true);
      many(repeatable, third, false);
      many(once, third, random.next() < 0.5);
      many(deed, third, false);
      const single = args();
      const later = new Date(Date.now() + random.below(3_000));
      add(1, (tx) =>
        enqueue(tx, deed, single, { ...place(), runAt: later, key: `key ${random.below(keys)}` }),
      );
      add(1, (tx) => enqueue(tx, once, single, { ...place(), uniqueKey: `batch ${own}` }));
      if (random.next() < 0.5) add(1, (tx) => enqueue(tx, hopeless, single, { queue }));
      if (random.next() < 0.5)
        add(1, (tx) => enqueue(tx, unlucky, single, { queue, key: `key ${random.below(keys)}` }));
      if (poisons > 0 && random.next() < 0.1) {
        poisons -= 1;
        add(1, (tx) => enqueue(tx, poison, single, { queue }));
      }
      if (random.next() < 0.3) {
        const flow = chain([
          step(deed, args(), place()),
          chord(
            Array.from({ length: 2 + random.below(5) }, () => step(deed, args(), place())),
            step(once, args(), place()),
          ),
        ]);
        wanted.push((tx) => startFlow(tx, flow));
      }
      jobs += count;
      try {
        await db.transaction(async (tx) => {
          for (const one of wanted) await one(tx);
          await tx.execute(ask, [own, count]);
        });
        answered.push(own);
        return true;
      } catch (error) {
        if (!isFaultOfServer(error)) throw error;
        unanswered.push(own);
        return false;
      }
    },
  };
}

/** It cannot be reached, its disk is full, or it did not answer in time. */
function isFaultOfServer(error: unknown): boolean {
  if (error instanceof Error && 'code' in error && error.code === 'database_unavailable') return true;
  return /^(53|57)/.test(sqlState(error) ?? '');
}
