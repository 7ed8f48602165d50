import type { Db } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';

// Where it is said already nothing is locked, and so nothing is written.
const sleeps = command(
  'jobs.sleeps',
  `INSERT INTO job_queues AS q (name, wanted) SELECT name, $2 FROM unnest($1::text[]) AS given (name)
   WHERE NOT EXISTS (SELECT FROM job_queues AS said WHERE said.name = given.name AND said.wanted = $2) ORDER BY name
   ON CONFLICT (name) DO UPDATE SET wanted = excluded.wanted WHERE q.wanted <> excluded.wanted`,
);

/** Says whether somebody sleeps at these queues for want of work: then whoever makes a job ready there sends a notification. */
export async function markAsleep(db: Db, queues: readonly string[], asleep: boolean): Promise<void> {
  await db.execute(sleeps, [queues, asleep]);
}

// Walks jobs_ready.
const callOthers = rows(
  'jobs.call_others',
  Type.Object({ called: nullable(Type.String()) }),
  `SELECT pg_notify('labwright_jobs', name)::text AS called FROM unnest($1::text[]) AS given (name)
   WHERE EXISTS (SELECT FROM jobs WHERE queue = name AND state = 'ready')`,
);

/** Wakes who sleeps at those of these queues that have work. */
export async function wakeOthers(db: Db, queues: readonly string[]): Promise<void> {
  await db.query(callOthers, [queues]);
}
