import type { Db } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';

// Walks jobs_ready and, for what lies with a broker, jobs_parked. Bounded: beyond this many, more or fewer decide nothing.
const count = rows(
  'worker.backlog',
  Type.Object({ jobs: Type.Integer() }),
  `SELECT (SELECT count(*) FROM (SELECT FROM jobs WHERE queue = ANY ($1::text[]) AND state = 'ready' LIMIT 100000) AS ready)::int
        + (SELECT count(*) FROM (SELECT FROM jobs WHERE queue = ANY ($1::text[]) AND state = 'sent' LIMIT 100000) AS sent)::int AS jobs`,
);

/** How many jobs could be carried out now and are not; 100,000 of each kind at most are counted. */
export async function backlogOf(db: Db, queues: readonly string[]): Promise<number> {
  return (await db.first(count, [queues]))?.jobs ?? 0;
}
