import { type Job, listDeadJobs } from '@labwright/jobs';
import { isUuid } from '@labwright/kernel/cursor';
import type { Db, Queryable } from '@labwright/kernel/db';
import { command } from '@labwright/kernel/statement';
import { type RemoteChannel, remoteChannels } from '../deps.ts';
import { kept } from '../text.ts';
import { digestTaskOn, queueOf, sendTaskOn } from './tasks.ts';

/** By the primary key. What was being sent may have been taken. */
const settleDelivery = command(
  'notifications.ended_jobs.delivery',
  `UPDATE notification_deliveries
   SET state = CASE state WHEN 'sending' THEN 'unknown' ELSE 'failed' END, error = $4, ended_at = clock_timestamp()
   WHERE event_id = $1 AND person_id = $2 AND channel = $3 AND state IN ('pending', 'sending')`,
);

/** By the primary key; index: notification_deliveries_digest. */
const settleDigest = command(
  'notifications.ended_jobs.digest',
  `WITH digest AS (
     UPDATE notification_digests SET state = CASE state WHEN 'sending' THEN 'unknown' ELSE 'failed' END
     WHERE id = $1 AND state IN ('collecting', 'sending') RETURNING id, state)
   UPDATE notification_deliveries d SET state = digest.state, error = $2, ended_at = clock_timestamp()
   FROM digest WHERE d.digest_id = digest.id`,
);

const page = 200;

/**
 * A job that ended without its delivery leaves nobody who would send it: one of an earlier version, which had ten attempts, or one that was cut short each
 * time. What it was to send is `failed`, with its reason, and stands where administrators see it.
 */
export async function settleEndedJobs({ db }: { db: Db }, signal: AbortSignal): Promise<void> {
  for (const channel of remoteChannels) {
    let before: string | undefined;
    while (!signal.aborted) {
      const dead = await listDeadJobs(db, queueOf(channel), { limit: page, ...(before ? { before } : {}) });
      for (const job of dead) await settle(db, channel, job);
      before = dead.at(-1)?.id;
      if (dead.length < page) break;
    }
  }
}

async function settle(
  db: Queryable,
  channel: RemoteChannel,
  { id, task, args, attempts, error }: Job,
): Promise<void> {
  // Whoever may give work to queues can have written anything there.
  const { event_id, person_id, digest_id } = (args ?? {}) as Record<string, unknown>;
  const reason = kept(
    `Its job ${id} ended after ${attempts} attempts: ${error?.message ?? 'nobody knows why'}`,
    1_000,
  );
  if (task === sendTaskOn(channel).name && isUuid(event_id) && typeof person_id === 'string')
    await db.execute(settleDelivery, [event_id, person_id, channel, reason]);
  if (task === digestTaskOn(channel).name && isUuid(digest_id))
    await db.execute(settleDigest, [digest_id, reason]);
}
