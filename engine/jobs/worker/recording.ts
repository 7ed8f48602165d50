import type { Db } from '@labwright/kernel/db';
import type { Log } from '@labwright/kernel/log';
import type { ClaimedJob } from '../job.ts';
import { recordSuccesses, type Success } from '../store/finish.ts';
import type { Transport } from '../transport.ts';

/** Statements at once that record jobs with keys. */
const mostRecordings = 4;

/** What this worker's jobs came to, from the end of their handlers until it is on record. */
export interface Recording {
  /** A job has succeeded. With a key it is recorded at once, for it holds up the next one of its key; else with the next round. */
  add(success: Success): void;
  /** Those without keys; now the caller's to record. */
  take(): readonly Success[];
  /** Forgets what is not this worker's any more. */
  keep(which: (success: Success) => boolean): void;
  /** Records these, and hands on what follows on the same keys. */
  record(done: readonly Success[]): Promise<void>;
  /** Again until the database answers, or it does not matter any more. */
  untilAnswered(record: () => Promise<void>): Promise<void>;
}

export interface RecordingOptions {
  db: Db;
  worker: string;
  transport: Transport;
  log: Log;
  queues: readonly string[];
  /** False: nothing is claimed for now, and nothing goes on with the next of a key. */
  claims(): boolean;
  /** The worker has left, or was fenced off: nothing more is recorded. */
  isOver(): boolean;
  /** The queue in which others are asked for in the places of what has ended; undefined where that is left to the next round. */
  nextQueue(): string | undefined;
  /** What asking there came to. */
  onClaimed(queue: string, jobs: number, followers: number): void;
  /** These are on record: `followers` and `claimed`, from `queue`, are this worker's now. */
  onRecorded(done: readonly Success[], followers: readonly ClaimedJob[], claimed: Claimed | undefined): void;
  /** Jobs in hand. */
  inHand(): number;
  /** There is room for others. */
  poke(): void;
}

export interface Claimed {
  queue: string;
  jobs: readonly ClaimedJob[];
}

export function openRecording(options: RecordingOptions): Recording {
  const { db, worker, transport, log, queues } = options;
  let plain: Success[] = [];
  let keyed: Success[] = [];
  let recordings = 0;

  const untilAnswered = async (record: () => Promise<void>) => {
    for (let ms = 100; !options.isOver(); ms = Math.min(ms * 2, 2_000)) {
      try {
        return await record();
      } catch (error) {
        log.warn({ err: error }, 'the end of a job is recorded again');
        await new Promise((resolve) => setTimeout(resolve, ms));
      }
    }
  };

  /** `from`: others are claimed there in the places of these, where the transport can in one exchange. */
  const record = async (done: readonly Success[], from?: string): Promise<void> => {
    if (done.length === 0) return;
    let followers: ClaimedJob[] = [];
    let claimed: Claimed | undefined;
    let queue = from;
    await untilAnswered(async () => {
      const following = options.claims() ? queues.filter((queue) => !transport.othersWait?.(queue)) : [];
      const asked = queue;
      // Once: what a lost answer claimed is given back later.
      queue = undefined;
      if (asked === undefined || !transport.finishKeyedAndClaim) {
        followers = await recordSuccesses(db, worker, done, following);
        return;
      }
      const answer = await transport.finishKeyedAndClaim(done, asked, worker, following);
      followers = answer.followers;
      claimed = { queue: asked, jobs: answer.claimed };
      options.onClaimed(asked, answer.claimed.length, followers.length);
    });
    options.onRecorded(done, followers, claimed);
  };

  /** Those with keys do not wait for one another: each holds up the next of its key. */
  const recordKeyed = () => {
    if (keyed.length === 0 || recordings >= mostRecordings) return;
    recordings += 1;
    const done = keyed;
    keyed = [];
    const before = options.inHand();
    record(done, transport.finishKeyedAndClaim && options.nextQueue())
      .catch((error) => log.error({ err: error }, 'the ends of jobs could not be recorded'))
      .finally(() => {
        recordings -= 1;
        recordKeyed();
        // Handed on from job to job, the places stay taken: then there is nothing to claim.
        if (options.inHand() < before || !options.claims()) options.poke();
      });
  };

  return {
    add: (success) => {
      if (!success.keyed) {
        plain.push(success);
        options.poke();
      } else if (keyed.push(success) === 1) {
        // What ends in this turn of the event loop is recorded together.
        setImmediate(recordKeyed);
      }
    },
    take: () => {
      const taken = plain;
      plain = [];
      return taken;
    },
    keep: (which) => {
      plain = plain.filter(which);
      keyed = keyed.filter(which);
    },
    record: (done) => record(done),
    untilAnswered,
  };
}
