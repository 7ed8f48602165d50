import { sharedClock } from '../processes/orders.ts';

/** An engine under measurement that lets one job of a key run at a time. Two processes of it work at once. */
export interface KeyedEngine {
  /** Makes its tables, where they are not there. */
  setUp(): Promise<void>;
  /** Enqueues these jobs in this order. */
  fill(jobs: readonly KeyedJob[]): Promise<void>;
  /** Begins to carry out what is there and what comes. Answers how to stop. */
  start(inFlight: number, work: (job: KeyedJob) => Promise<void>): Promise<() => Promise<void>>;
}

export interface KeyedJob {
  key: string;
  /** Of the jobs of its key, from 0. */
  place: number;
}

/** What a handler wrote down, on a clock that both processes share. */
export interface Deed extends KeyedJob {
  began: number;
  ended: number;
}

/** A handler that is busy for so long, and the log that it writes. */
export function openDeeds(ms: number) {
  const deeds: Deed[] = [];
  return {
    deeds,
    work: async ({ key, place }: KeyedJob) => {
      const deed = { key, place, began: sharedClock(), ended: Number.POSITIVE_INFINITY };
      deeds.push(deed);
      await new Promise((resolve) => setTimeout(resolve, ms));
      deed.ended = sharedClock();
    },
  };
}

export interface Judgement {
  /** Jobs a second, from the first that began to the last that ended. */
  rate: number;
  /** Pairs of jobs of one key of which one began before the other had ended. */
  overlaps: number;
  /** Jobs that began after a job that was asked for later. */
  outOfOrder: number;
  /** Jobs that were done more than once. */
  twice: number;
}

/** What the logs of all processes say. */
export function judge(deeds: readonly Deed[]): Judgement {
  const inTime = deeds.toSorted((a, b) => a.began - b.began);
  const last = new Map<string, { place: number; ended: number }>();
  const seen = new Set<string>();
  let overlaps = 0;
  let outOfOrder = 0;
  let twice = 0;
  for (const { key, place, began, ended } of inTime) {
    const before = last.get(key);
    if (before && began < before.ended) overlaps += 1;
    if (before && place < before.place) outOfOrder += 1;
    if (seen.has(`${key} ${place}`)) twice += 1;
    seen.add(`${key} ${place}`);
    last.set(key, {
      place: Math.max(place, before?.place ?? place),
      ended: Math.max(ended, before?.ended ?? ended),
    });
  }
  const from = inTime[0]?.began ?? Number.NaN;
  const to = inTime.reduce((latest, { ended }) => Math.max(latest, ended), from);
  return { rate: (inTime.length / (to - from)) * 1e9, overlaps, outOfOrder, twice };
}
