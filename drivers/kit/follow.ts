import type { Clock } from '@labwright/kernel/clock';
import type { FollowOptions, Inquiry, Outcome } from './driver.ts';
import { DriverError } from './errors.ts';
import { failed, type Hardware, type Sighting } from './hardware.ts';
import type { CommandRecord } from './memory/ledger.ts';
import type { CommandMemory } from './memory/memory.ts';

/** How following a command can end. */
export type End = Exclude<Inquiry, { status: 'running' }>;

/**
 * How long a command may be on record before another process takes it for one that will not be started. Long,
 * because to be wrong would move hardware twice, and a process rarely dies just there.
 */
const startsWithin_ms = 30_000;

export interface Follower {
  /** From before a command is put on record until it is started: looked at meanwhile, it counts as running. */
  reserve(execution_id: string): void;
  release(execution_id: string): void;
  look(record: CommandRecord): Promise<Sighting>;
  /** Starts a reserved command that is on record, and follows it. */
  begin(record: CommandRecord, options: FollowOptions): Promise<End>;
  /** Follows a command from what was seen of it. */
  follow(record: CommandRecord, seen: Sighting, options: FollowOptions): Promise<End>;
  /** What the command is doing now. */
  glance(record: CommandRecord): Promise<Inquiry>;
  /** The command on record that really runs still, after putting down the end of one that does not. */
  stillRunning(): Promise<CommandRecord | undefined>;
  /** Makes everyone who follows reject. */
  close(): void;
}

/** Watches movements: looks at the instrument now and again, and puts the end on record when it sees it. */
export function createFollower(tools: { hardware: Hardware; memory: CommandMemory; clock: Clock }): Follower {
  const { hardware, memory, clock } = tools;
  const naps = new Set<AbortController>();
  const reserved = new Set<string>();
  /** The command whose order certainly is not on its way any more, because it was this process that failed. */
  let lostOrder: string | undefined;
  let closed = false;

  const wake = () => {
    for (const nap of naps) nap.abort();
  };
  hardware.onChange?.(wake);

  /** Sleeps until it is time, or there is reason to look earlier. */
  const nap = async (ms: number, signal: AbortSignal | undefined) => {
    if (closed) return;
    const controller = new AbortController();
    const abort = () => controller.abort();
    signal?.addEventListener('abort', abort, { once: true });
    naps.add(controller);
    try {
      await clock.sleep(ms, controller.signal);
    } catch (error) {
      if (!controller.signal.aborted) throw error;
    } finally {
      naps.delete(controller);
      signal?.removeEventListener('abort', abort);
    }
  };

  const look = async (record: CommandRecord): Promise<Sighting> => {
    // While the order is on its way, the instrument would say that it has none.
    const underWay: Sighting = { status: 'running', fraction: 0, next_look_ms: 100 };
    if (reserved.has(record.execution_id)) return underWay;
    const sighting = await hardware.look(record);
    if (sighting.status !== 'not_started' || record.execution_id === lostOrder) return sighting;
    // The process that put it on record may be alive, and about to start it.
    return clock.now() < record.accepted_at + startsWithin_ms ? underWay : sighting;
  };

  /** Puts an outcome on record, and answers the one that is there then: somebody may have been first. */
  const settle = async (record: CommandRecord, outcome: Outcome): Promise<End> => {
    await memory.append({ kind: 'end', execution_id: record.execution_id, end: outcome });
    wake();
    return (await memory.read()).find(record.execution_id)?.end ?? outcome;
  };

  const follow = async (begun: CommandRecord, first: Sighting, options: FollowOptions): Promise<End> => {
    const { signal, onProgress } = options;
    let record = begun;
    let sighting = first;
    let stopAsked = false;
    const conclude = (end: End): End => {
      if (end.status === 'succeeded') onProgress?.(1, 'done');
      return end;
    };
    for (;;) {
      if (isOutcome(sighting)) return conclude(await settle(record, sighting));
      if (sighting.status !== 'running') return sighting;
      // An order to stop must not overtake the order to start.
      if (signal?.aborted && !stopAsked && !reserved.has(record.execution_id)) {
        stopAsked = true;
        sighting = await hardware.stop(record);
        continue;
      }
      onProgress?.(sighting.fraction ?? 0, sighting.text ?? record.operation);
      await nap(sighting.next_look_ms ?? 1_000, signal?.aborted ? undefined : signal);
      if (closed) throw new DriverError('driver_closed', 'the driver was closed; the instrument may go on');
      const fresh = (await memory.read()).find(record.execution_id);
      if (!fresh) throw new DriverError('outcome_forgotten', 'it ended, and its outcome is no longer kept');
      if (fresh.end) return conclude(fresh.end);
      record = fresh;
      sighting = await look(record);
    }
  };

  return {
    reserve: (execution_id) => reserved.add(execution_id),
    release: (execution_id) => reserved.delete(execution_id),
    look,
    follow,

    begin: async (record, options) => {
      const { execution_id } = record;
      let sighting: Sighting | undefined;
      try {
        // We may have been frozen since the command was accepted, and others have given it up or sent it again.
        const fresh = (await memory.read()).find(execution_id);
        if (fresh?.end) return fresh.end;
        if (clock.now() >= record.accepted_at + startsWithin_ms) sighting = await hardware.look(record);
        if (!sighting || sighting.status === 'not_started') sighting = await hardware.start(record);
      } catch (error) {
        lostOrder = execution_id;
        throw error;
      } finally {
        reserved.delete(execution_id);
      }
      return follow(record, sighting, options);
    },

    glance: async (record) => {
      if (record.end) return record.end;
      const sighting = await look(record);
      if (isOutcome(sighting)) return settle(record, sighting);
      if (sighting.status !== 'running') return sighting;
      return {
        status: 'running',
        ...(sighting.fraction === undefined ? {} : { fraction: sighting.fraction }),
      };
    },

    stillRunning: async () => {
      const record = (await memory.read()).running;
      if (!record) return undefined;
      const sighting = await look(record);
      if (sighting.status === 'running') return record;
      const end =
        sighting.status === 'not_started'
          ? failed('superseded', 'on record but never started; a later command took its place')
          : sighting;
      await memory.append({ kind: 'end', execution_id: record.execution_id, end });
      wake();
      return undefined;
    },

    close: () => {
      closed = true;
      wake();
    },
  };
}

function isOutcome(sighting: Sighting): sighting is Outcome {
  return sighting.status === 'succeeded' || sighting.status === 'failed';
}
