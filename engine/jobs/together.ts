import type { Db, Queryable } from '@labwright/kernel/db';
import { isProblem } from '@labwright/kernel/errors';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';

/*
 * Jobs that are asked for one by one outside of any transaction travel together where they come quicker than the database
 * commits: what comes while others are on their way is the next batch.
 *
 *     asked for ──nobody is on the way──► sent at once, alone
 *         └──two batches are on the way──► waits ──one of them is back──► sent, with all that wait (200 at most)
 *
 * Each job is stored when its `enqueue` resolves, and its number rises in the order of the calls within a batch. A batch that the database
 * refuses is sent again job by job, so that each caller hears of his own job alone.
 */

/** The values of a new job, in the order of the columns that `enqueue` names. */
export type NewJob = readonly unknown[];

const mostOnTheWay = 2;
const mostInBatch = 200;

const storeMany = rows(
  'jobs.enqueue_together',
  Type.Object({ id: Type.String() }),
  `WITH given AS MATERIALIZED (
     SELECT nextval('jobs_id_seq') AS id, g.*
     FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::text[], $5::smallint[], $6::smallint[], $7::integer[], $8::text[],
            $9::timestamptz[], $10::text[])
       WITH ORDINALITY AS g (queue, task, args, state, priority, max_attempts, timeout_ms, key, expires_at, trace, place)),
   stored AS (
     INSERT INTO jobs (id, queue, task, args, state, priority, max_attempts, timeout_ms, key, expires_at, trace) OVERRIDING SYSTEM VALUE
     SELECT id, queue, task, args, state::job_state, priority, max_attempts, timeout_ms, key, expires_at, trace FROM given),
   woken AS MATERIALIZED (
     SELECT pg_notify('labwright_jobs', name) FROM job_queues WHERE name = ANY ($1::text[]) AND wanted)
   SELECT id FROM given WHERE (SELECT count(*) FROM woken) >= 0 ORDER BY place`,
);

interface Asked {
  readonly values: NewJob;
  resolve(id: string): void;
  reject(error: unknown): void;
}
interface Line {
  waiting: Asked[];
  onTheWay: number;
}
const lines = new WeakMap<object, Line>();

export const isDatabase = (tx: Queryable): tx is Db => 'transaction' in tx;

/** Stores a job as soon as there is a way; answers its id. `alone` stores a single one. */
export function storeTogether(
  db: Db,
  values: NewJob,
  alone: (db: Db, values: NewJob) => Promise<string>,
): Promise<string> {
  const line = lines.get(db.database) ?? { waiting: [], onTheWay: 0 };
  lines.set(db.database, line);
  return new Promise((resolve, reject) => {
    line.waiting.push({ values, resolve, reject });
    if (line.onTheWay < mostOnTheWay) send(db, line, alone);
  });
}

function send(db: Db, line: Line, alone: (db: Db, values: NewJob) => Promise<string>): void {
  const batch = line.waiting.splice(0, mostInBatch);
  if (batch.length === 0) return;
  line.onTheWay += 1;
  const sent =
    batch.length === 1
      ? each(batch, (values) => alone(db, values))
      : all(db, batch, (values) => alone(db, values));
  void sent.finally(() => {
    line.onTheWay -= 1;
    send(db, line, alone);
  });
}

async function each(batch: readonly Asked[], store: (values: NewJob) => Promise<string>): Promise<void> {
  for (const { values, resolve, reject } of batch) await store(values).then(resolve, reject);
}

async function all(
  db: Db,
  batch: readonly Asked[],
  store: (values: NewJob) => Promise<string>,
): Promise<void> {
  const columns = Array.from({ length: 10 }, (_, column) => batch.map(({ values }) => values[column]));
  try {
    const stored = await db.query(storeMany, columns);
    for (const [place, { resolve, reject }] of batch.entries()) {
      const id = stored[place]?.id;
      if (id === undefined) reject(new Error('a job was not stored'));
      else resolve(id);
    }
  } catch (error) {
    // Whether they are stored nobody knows then: sent again, they might be there twice.
    if (isProblem(error)) for (const { reject } of batch) reject(error);
    else await each(batch, store);
  }
}
