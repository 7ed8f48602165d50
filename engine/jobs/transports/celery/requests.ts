import type { Db, Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { writeJson } from './json.ts';
import type { Embed } from './message.ts';
import type { Exception } from './result.ts';

const Id = Type.Object({ id: Type.String() });

const insert = rows(
  'celery.requests.insert',
  Id,
  `INSERT INTO celery_requests (task_id, retries, queue, celery_task, reply_to, correlation_id, root_id, embed)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb) ON CONFLICT (task_id, retries) DO NOTHING RETURNING id`,
);
const wasRefused = rows(
  'celery.requests.was_refused',
  Type.Object({ refused: Type.Boolean() }),
  `SELECT coalesce(status = 'FAILURE' AND result ? 'exc_type', false) AS refused FROM celery_requests WHERE task_id = $1 AND retries = $2`,
);
const attach = command('celery.requests.attach', 'UPDATE celery_requests SET job_id = $2 WHERE id = $1');
const refuse = command(
  'celery.requests.refuse',
  `UPDATE celery_requests SET status = 'FAILURE', result = $2::jsonb, ended_at = clock_timestamp() WHERE id = $1`,
);

const Due = Type.Object({
  id: Type.String(),
  task_id: Type.String(),
  celery_task: Type.String(),
  reply_to: nullable(Type.String()),
  correlation_id: nullable(Type.String()),
  root_id: nullable(Type.String()),
  embed: Type.Unknown(),
  status: nullable(Type.String()),
  result: Type.Unknown(),
  /** Somebody began to publish its links, and did not say that it is done. */
  uncertain: Type.Boolean(),
  linked: Type.Boolean(),
});
/** A request that has ended, and is to be answered by whoever took it. */
export type Due = Static<typeof Due>;

// Walks celery_requests_unanswered. What a process took and did not finish within a minute is taken again.
const takeDue = rows(
  'celery.requests.take_due',
  Due,
  `WITH due AS MATERIALIZED (
     SELECT id, linking_at IS NOT NULL AS begun FROM celery_requests
     WHERE ended_at IS NOT NULL AND answered_at IS NULL AND (linking_at IS NULL OR linking_at < clock_timestamp() - interval '1 minute')
     ORDER BY ended_at LIMIT 100 FOR UPDATE SKIP LOCKED)
   UPDATE celery_requests r SET linking_at = clock_timestamp() FROM due WHERE r.id = due.id
   RETURNING r.id, r.task_id, r.celery_task, r.reply_to, r.correlation_id, r.root_id, r.embed, r.status, r.result,
     due.begun AND r.linked_at IS NULL AS uncertain, r.linked_at IS NOT NULL AS linked`,
);
const linked = command(
  'celery.requests.linked',
  'UPDATE celery_requests SET linked_at = clock_timestamp() WHERE id = $1',
);
const answered = command(
  'celery.requests.answered',
  'UPDATE celery_requests SET answered_at = clock_timestamp() WHERE id = ANY ($1::bigint[])',
);
const giveBack = command(
  'celery.requests.give_back',
  `UPDATE celery_requests SET linking_at = CASE WHEN id = ANY ($2::bigint[]) THEN timestamptz 'epoch' END
   WHERE id = ANY ($1::bigint[]) AND answered_at IS NULL`,
);

// Walks celery_requests_to_sweep.
const sweep = command(
  'celery.requests.sweep',
  `DELETE FROM celery_requests WHERE id = ANY (ARRAY (
     SELECT id FROM celery_requests WHERE job_id IS NULL AND answered_at < clock_timestamp() - interval '7 days'
     ORDER BY answered_at LIMIT 1000 FOR UPDATE SKIP LOCKED))`,
);

/** Deletes what was answered long ago and has no job, or no longer; at most 1,000. Answers how many. */
export const sweepRequests = (db: Db): Promise<number> => db.execute(sweep);

/** Writes down what a client asks for; undefined where it is known already. */
export const insertRequest = async (
  tx: Queryable,
  request: {
    taskId: string;
    retries: number;
    queue: string;
    task: string;
    replyTo: string | null;
    correlationId: string | null;
    rootId: string | null;
    embed: Partial<Embed>;
  },
): Promise<string | undefined> => {
  const { taskId, retries, queue, task, replyTo, correlationId, rootId, embed } = request;
  return (
    await tx.first(insert, [taskId, retries, queue, task, replyTo, correlationId, rootId, writeJson(embed)])
  )?.id;
};

export const requestWasRefused = async (tx: Queryable, taskId: string, retries: number): Promise<boolean> =>
  (await tx.first(wasRefused, [taskId, retries]))?.refused ?? false;

export const attachJob = async (tx: Queryable, request: string, job: string): Promise<void> => {
  await tx.execute(attach, [request, job]);
};

/** Ends it at once: the exception is the client's answer. */
export const refuseRequest = async (tx: Queryable, request: string, why: Exception): Promise<void> => {
  await tx.execute(refuse, [request, writeJson(why)]);
};

export const takeDueRequests = (db: Db): Promise<Due[]> => db.query(takeDue);

export const noteLinked = async (db: Db, request: string): Promise<void> => {
  await db.execute(linked, [request]);
};
export const noteAnswered = async (db: Db, requests: readonly string[]): Promise<void> => {
  await db.execute(answered, [requests]);
};
/** To be taken again at once. Of those that were `begun` nobody knows whether their links were sent. */
export const giveBackRequests = async (
  db: Db,
  requests: readonly string[],
  begun: readonly string[],
): Promise<void> => {
  await db.execute(giveBack, [requests, begun]);
};
