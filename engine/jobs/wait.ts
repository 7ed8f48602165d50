import type { Db } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { Job, jobColumns } from './job.ts';

// By id: jobs_pkey.
const ended = rows(
  'jobs.wait.ended',
  Job,
  `SELECT ${jobColumns} FROM jobs
   WHERE id = ANY ($1::bigint[]) AND state IN ('succeeded', 'failed', 'dead', 'cancelled')`,
);
const there = rows(
  'jobs.wait.there',
  Type.Object({ id: Type.String() }),
  'SELECT id FROM jobs WHERE id = ANY ($1::bigint[])',
);

export interface WaitOptions {
  /** Milliseconds; default: as long as it takes. */
  timeoutMs?: number;
  /** Ends the waiting: what is known by then is the answer. */
  signal?: AbortSignal;
  /** Called with the jobs that a look found ended, in no order; each once. */
  onEnded?(jobs: readonly Job[]): void;
}

export interface Waited {
  /** By id: succeeded, failed, dead or cancelled. */
  ended: Map<string, Job>;
  /** Not ended when the time was over. */
  open: string[];
  /** Of which there is no row: never committed, or dropped. */
  missing: string[];
}

/** Ids in one look. */
const most = 1_000;
/** Milliseconds between two looks: so long after one that found something, and growing to the longest after those that did not. */
const pauses = { shortest: 20, growth: 1.2, longest: 1_000 };
/** Looks between two questions whether the open ones are still there. */
const checksEvery = 10;

/**
 * Waits until each of these jobs has ended, whichever process carries them out. They are committed by then. One statement a look
 * for up to 1,000 of them; where there are more, the looks walk through them, oldest first. Rejects where the database cannot be
 * reached.
 */
export async function waitForJobs(db: Db, ids: Iterable<string>, options: WaitOptions = {}): Promise<Waited> {
  const { timeoutMs = Number.POSITIVE_INFINITY, signal, onEnded } = options;
  const open = new Set(ids);
  const answer: Waited = { ended: new Map(), open: [], missing: [] };
  const deadline = performance.now() + timeoutMs;
  let pause = pauses.shortest;
  for (let look = 0; open.size > 0; look += 1) {
    const batch = [...open].slice(0, most);
    const jobs = await db.query(ended, [batch]);
    for (const job of jobs) {
      open.delete(job.id);
      answer.ended.set(job.id, job);
    }
    if (jobs.length > 0) onEnded?.(jobs);
    if (jobs.length === 0 && look % checksEvery === 0) {
      const rowsThere = new Set((await db.query(there, [batch])).map(({ id }) => id));
      for (const id of batch) if (!rowsThere.has(id) && open.delete(id)) answer.missing.push(id);
    }
    if (open.size === 0 || signal?.aborted || performance.now() >= deadline) break;
    // What was looked at goes to the end of the line.
    if (open.size > most) for (const id of batch) if (open.delete(id)) open.add(id);
    pause = jobs.length > 0 ? pauses.shortest : Math.min(pauses.longest, pause * pauses.growth);
    await rest(Math.min(pause, deadline - performance.now()), signal);
  }
  answer.open.push(...open);
  return answer;
}

function rest(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done);
  });
}
