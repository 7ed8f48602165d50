import type { Queryable } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { JobState } from './job.ts';

/** Why a job does not run yet, in words and for programs. Several may hold at once. */
export interface WaitingReason {
  kind: 'scheduled' | 'retry' | 'key' | 'rate' | 'paused' | 'no_worker' | 'broker' | 'turn';
  /** Not before; null where nobody can know. */
  until: Date | null;
  /** The job that it waits for, where it is one. */
  job: string | null;
  text: string;
}

/** As far as jobs that go before are counted. */
const farthest = 1_000;

const Facts = Type.Object({
  state: JobState,
  queue: Type.String(),
  task: Type.String(),
  key: nullable(Type.String()),
  attempts: Type.Integer(),
  run_at: nullable(Type.String()),
  paused: Type.Boolean(),
  served: Type.Boolean(),
  holder: nullable(Type.String()),
  before: Type.Integer(),
  queue_us: nullable(Type.Number()),
  task_us: nullable(Type.Number()),
  now: Type.String(),
});

// One job by its id; the holder by jobs_one_a_key; those before it by jobs_ready or jobs_waiting, at most so many.
const facts = rows(
  'jobs.waiting.facts',
  Facts,
  `WITH it AS MATERIALIZED (
     SELECT j.*, coalesce(l.queue, j.queue) AS its_queue FROM jobs j LEFT JOIN job_lanes l ON l.name = j.queue WHERE j.id = $1
   ), ahead AS MATERIALIZED (
     SELECT CASE it.state
       WHEN 'ready' THEN (SELECT count(*) FROM (SELECT FROM jobs r WHERE r.queue = it.queue AND r.state = 'ready'
                            AND (r.priority, r.id) < (it.priority, it.id) LIMIT ${farthest}) AS r)
       WHEN 'waiting' THEN (SELECT count(*) FROM (SELECT FROM jobs w WHERE w.key = it.key AND w.state = 'waiting' AND w.seen IN (true, false)
                              AND (w.priority, w.id) < (it.priority, it.id) LIMIT ${farthest}) AS w)
       ELSE 0 END::integer AS before FROM it
   )
   SELECT it.state, it.its_queue AS queue, it.task, it.key, it.attempts, it.run_at, ahead.before, clock_timestamp() AS now,
     EXISTS (SELECT FROM job_queues q WHERE q.name = it.its_queue AND q.paused) AS paused,
     EXISTS (SELECT FROM job_workers w WHERE w.alive_until > clock_timestamp() AND it.its_queue = ANY (w.queues)) AS served,
     (SELECT h.id FROM jobs h WHERE h.key = it.key AND h.state IN ('ready', 'sent', 'running', 'retrying') AND h.id <> it.id) AS holder,
     (SELECT job_tokens_in_us(l, now_us(), ahead.before + 1) FROM job_limits l WHERE l.scope = 'queue' AND l.name = it.its_queue)::float8 AS queue_us,
     (SELECT job_tokens_in_us(l, now_us(), CASE WHEN it.queue <> it.its_queue THEN ahead.before ELSE 0 END + 1)
      FROM job_limits l WHERE l.scope = 'task' AND l.name = it.task)::float8 AS task_us
   FROM it, ahead`,
);

/**
 * Why a job waits, and until when; empty where it runs or has ended, undefined where there is none. A time is that before which
 * it cannot begin, as things stand: others may come before it, or go.
 */
export async function waitingReasons(db: Queryable, id: string): Promise<WaitingReason[] | undefined> {
  const it = await db.first(facts, [id]);
  if (!it) return undefined;
  const reasons: WaitingReason[] = [];
  const say = (kind: WaitingReason['kind'], text: string, more: { until?: Date; job?: string | null } = {}) =>
    reasons.push({ kind, text, until: more.until ?? null, job: more.job ?? null });
  if (['running', 'succeeded', 'failed', 'dead', 'cancelled'].includes(it.state)) return reasons;

  const due = it.run_at === null ? undefined : new Date(it.run_at);
  if (it.state === 'scheduled' && due)
    say('scheduled', `it is not to run before ${due.toISOString()}`, { until: due });
  if (it.state === 'retrying' && due)
    say('retry', `attempt ${it.attempts} failed; it is tried again at ${due.toISOString()}`, { until: due });
  if (it.state === 'waiting')
    say(
      'key',
      it.holder === null
        ? `it stands in the line of the key ${it.key}, behind ${many(it.before)}`
        : `job ${it.holder} has the key ${it.key}; ${many(it.before)} of that key go before it`,
      { job: it.holder },
    );
  if (it.state === 'sent') say('broker', 'its message lies with a broker, until a worker takes it');
  if (it.paused) say('paused', `the queue ${it.queue} is paused`);
  if (!it.served) say('no_worker', `no worker of the queue ${it.queue} is alive`);
  if (it.state === 'ready') {
    for (const [us, what] of [
      [it.queue_us, `the queue ${it.queue}`],
      [it.task_us, `the task ${it.task}`],
    ] as const) {
      if (us === null || us <= 0) continue;
      const until = new Date(Date.parse(it.now) + Math.ceil(us / 1_000));
      say('rate', `${what} is limited: its turn comes at ${until.toISOString()} or later`, { until });
    }
    if (reasons.length === 0) say('turn', `${many(it.before)} of its queue go before it`);
  }
  return reasons;
}

const many = (count: number) =>
  count >= farthest ? `${farthest} jobs or more` : `${count} ${count === 1 ? 'job' : 'jobs'}`;
