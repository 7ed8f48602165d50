import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { recentEnds, recentSeconds } from '../figures/series.ts';
import { listLimits } from '../limits/limits.ts';
import { mostCounted, otherDepths, readyDepths } from '../metrics.ts';
import type { QueueList, QueueOverview } from './schemas.ts';

const Name = Type.Object({ name: Type.String(), paused: Type.Boolean() });
/**
 * Every queue that somebody works on, that has a job which is ready, or that ended one today. What is ready is found from one queue to the next along jobs_ready.
 */
const names = rows(
  'jobs.http.queues',
  Name,
  `WITH RECURSIVE lines AS (
     (SELECT j.queue FROM jobs j WHERE j.state = 'ready' ORDER BY j.queue, j.priority, j.id LIMIT 1)
     UNION ALL
     SELECT next.queue FROM lines CROSS JOIN LATERAL (
       SELECT j.queue FROM jobs j WHERE j.state = 'ready' AND j.queue > lines.queue ORDER BY j.queue, j.priority, j.id LIMIT 1) AS next
   ), known AS (
     SELECT q.name FROM job_queues q
     UNION SELECT unnest(w.queues) FROM job_workers w
     UNION SELECT coalesce(l.queue, few.queue) FROM (SELECT lines.queue FROM lines LIMIT 1000) AS few LEFT JOIN job_lanes l ON l.name = few.queue
     UNION SELECT s.queue FROM job_schedules s WHERE s.enabled
     UNION SELECT f.queue FROM job_figures f WHERE f.step = 900 AND f.at > clock_timestamp() - interval '1 day'
     UNION SELECT unnest($1::text[])
   )
   SELECT known.name, coalesce(q.paused, false) AS paused FROM known LEFT JOIN job_queues q ON q.name = known.name ORDER BY known.name LIMIT 500`,
);

const noDepth = () => ({
  scheduled: 0,
  waiting: 0,
  ready: 0,
  sent: 0,
  running: 0,
  retrying: 0,
  failed: 0,
  dead: 0,
});
type Depth = ReturnType<typeof noDepth>;
const isCounted = (state: string): state is keyof Depth => Object.hasOwn(noDepth(), state);

/** Every queue: how deep, how quick, who listens. Five statements, each bounded, however many jobs there are. */
export async function describeQueues(db: Queryable): Promise<Static<typeof QueueList>> {
  const [others, ends, limits] = await Promise.all([db.query(otherDepths), recentEnds(db), listLimits(db)]);
  const found = await db.query(names, [[...new Set(others.map(({ queue }) => queue))]]);
  const ready = await db.query(readyDepths, [found.map(({ name }) => name)]);

  const depths = new Map(found.map(({ name }) => [name, noDepth()]));
  const counted = new Map<string, number>();
  for (const { queue, state, count } of others) {
    const depth = depths.get(queue);
    if (depth && isCounted(state)) depth[state] = count;
    counted.set(state, (counted.get(state) ?? 0) + count);
  }
  const lines = new Map(ready.map((line) => [line.queue, line]));
  const rateOf = new Map(limits.filter(({ scope }) => scope === 'queue').map((limit) => [limit.name, limit]));

  const queues = found.map(({ name, paused }): QueueOverview => {
    const line = lines.get(name);
    const depth = { ...(depths.get(name) ?? noDepth()), ready: line?.count ?? 0 };
    const workers = line?.workers ?? 0;
    const limit = rateOf.get(name);
    const end = ends.get(name);
    return {
      name,
      paused,
      workers,
      depth,
      oldest_ready_seconds: line?.age == null ? null : Math.max(0, line.age),
      ended_per_second: (end?.ended ?? 0) / recentSeconds,
      troubled_per_second: (end?.troubled ?? 0) / recentSeconds,
      limit: limit ? { starts: limit.starts, per_ms: Number(limit.per_ms), burst: limit.burst } : null,
      warnings: warningsOf(name, { depth, workers, paused }),
    };
  });
  const more = [...counted].filter(([, count]) => count >= mostCounted).map(([state]) => state);
  if (ready.some(({ count }) => count >= mostCounted)) more.push('ready');
  return { queues, counted_to: mostCounted, more };
}

function warningsOf(
  name: string,
  { depth, workers, paused }: { depth: Depth; workers: number; paused: boolean },
): QueueOverview['warnings'] {
  const warnings: QueueOverview['warnings'] = [];
  const open = depth.scheduled + depth.waiting + depth.ready + depth.sent + depth.retrying;
  if (workers === 0 && open > 0)
    warnings.push({
      code: 'nobody_listens',
      text: `${open === 1 ? '1 job waits' : `${open} jobs wait`} and no worker serves the queue ${name}: start one, labwright worker --queues ${name}.`,
    });
  if (paused)
    warnings.push({ code: 'paused', text: `${name} is paused: nothing of it begins until it is resumed.` });
  const dead = depth.failed + depth.dead;
  if (dead > 0)
    warnings.push({
      code: 'dead_letters',
      text: `${dead === 1 ? '1 job' : `${dead} jobs`} of the queue ${name} did not succeed and wait${dead === 1 ? 's' : ''} for somebody: bring them back, or drop them.`,
    });
  return warnings;
}
