/*
 * How many workers a queue should have, decided from what was seen: no clock, no database, so that a simulation can try it.
 *
 *     up     the backlog takes longer than the target with the workers that there are
 *     down   at no moment of the calm time so many were needed: with room to spare, and with what waited done within the target
 *
 * Up is quick and may double; down is slow and goes by a quarter at most. The room to spare is what keeps a steady load from
 * going up and down: workers that are busy above it are never taken away.
 */

export interface AutoSettings {
  min: number;
  max: number;
  /** Seconds that what waits may take. */
  targetSeconds: number;
  /** Seconds that it must have been calm before a worker is taken away. */
  calmSeconds: number;
  /** Jobs at once a worker. */
  concurrency: number;
}

export interface Sample {
  /** Seconds; only differences count. */
  at: number;
  /** Workers there are, those that are being started too. */
  workers: number;
  /** Of these, those that claim jobs. */
  ready: number;
  /** Jobs that could run now and do not. */
  backlog: number;
  /** Attempts that ended and milliseconds that handlers ran, over all workers, since the beginning. */
  done: number;
  busyMs: number;
}

export interface AutoState {
  last: Sample | undefined;
  /** Sums that fade: seconds, jobs that came, attempts that ended, seconds that handlers ran, seconds that they could have. */
  seconds: number;
  arrived: number;
  ended: number;
  busy: number;
  room: number;
  waitsSince: number | undefined;
  /** How many workers would have been enough, in the calm time that lies behind. */
  enough: { at: number; workers: number }[];
  began: number;
  changedAt: number;
}

export interface Decision {
  workers: number;
  /** Why, for a person; undefined where nothing changes. */
  reason: string | undefined;
}

/** Seconds in which what was seen loses two thirds of its weight. */
const memorySeconds = 20;
/** Of the room of the workers that would be left, so much may be used for one to be taken away. */
const headroom = 0.75;
/** Between two steps down, of the calm time. */
const betweenSteps = 0.25;
/** Less than this of a worker is nobody: what fades never becomes nothing. */
const negligible = 0.02;

export const beginAuto = (): AutoState => ({
  last: undefined,
  seconds: 0,
  arrived: 0,
  ended: 0,
  busy: 0,
  room: 0,
  waitsSince: undefined,
  enough: [],
  began: Number.POSITIVE_INFINITY,
  changedAt: Number.NEGATIVE_INFINITY,
});

export function decide(
  before: AutoState,
  sample: Sample,
  settings: AutoSettings,
): { state: AutoState; decision: Decision } {
  const state = take(before, sample, settings);
  state.began = Math.min(state.began, sample.at);
  state.enough = [
    ...state.enough.filter(({ at }) => at > sample.at - settings.calmSeconds),
    { at: sample.at, workers: enoughFor(state, sample, settings) },
  ];
  const bounded = Math.min(settings.max, Math.max(settings.min, sample.workers));
  if (bounded !== sample.workers) {
    state.changedAt = sample.at;
    return {
      state,
      decision: { workers: bounded, reason: `${settings.min} to ${settings.max} are allowed` },
    };
  }
  const up = upwards(state, sample, settings);
  if (up) {
    state.changedAt = sample.at;
    return { state, decision: up };
  }
  return { state, decision: downwards(state, sample, settings) };
}

/** What was seen, with what is new. */
function take(before: AutoState, sample: Sample, { concurrency }: AutoSettings): AutoState {
  const { last } = before;
  const waitsSince = sample.backlog > 0 ? (before.waitsSince ?? sample.at) : undefined;
  if (!last || sample.at <= last.at) return { ...before, last: sample, waitsSince };
  const seconds = sample.at - last.at;
  const ended = Math.max(0, sample.done - last.done);
  const busy = Math.max(0, sample.busyMs - last.busyMs) / 1_000;
  const fade = Math.exp(-seconds / memorySeconds);
  return {
    ...before,
    last: sample,
    waitsSince,
    seconds: before.seconds * fade + seconds,
    arrived: before.arrived * fade + Math.max(0, sample.backlog - last.backlog + ended),
    ended: before.ended * fade + ended,
    busy: before.busy * fade + busy,
    room: before.room * fade + Math.max(last.ready, 1) * concurrency * seconds,
  };
}

/** Jobs a second that one worker does with all its places in use; undefined where too few were seen. */
const capacityOf = ({ ended, busy }: AutoState, concurrency: number) =>
  ended >= 1 && busy > 0 ? (concurrency * ended) / busy : undefined;

/** Of the room that the workers had, the share that was used. */
const useOf = ({ busy, room }: AutoState) => (room > 0 ? Math.min(1, busy / room) : 0);

function upwards(state: AutoState, sample: Sample, settings: AutoSettings): Decision | undefined {
  const { workers, ready, backlog, at } = sample;
  const { max, targetSeconds, concurrency } = settings;
  // Those that are being started have not shown yet what they do.
  if (backlog === 0 || workers >= max || ready < workers) return undefined;
  const capacity = capacityOf(state, concurrency);
  if (capacity === undefined) {
    const waited = at - (state.waitsSince ?? at);
    if (workers > 0 && waited < targetSeconds) return undefined;
    return {
      workers: Math.max(1, workers + 1),
      reason: `${jobs(backlog)} for ${round(waited)} s, and none has ended`,
    };
  }
  const takes = backlog / (workers * capacity);
  if (workers > 0 && takes <= targetSeconds) return undefined;
  const needed = Math.ceil((state.arrived / state.seconds + backlog / targetSeconds) / capacity);
  const wanted = Math.min(max, Math.max(workers + 1, Math.min(needed, workers * 2)));
  return {
    workers: wanted,
    reason: `${jobs(backlog)}, ${round(takes)} s of work for ${workers}; ${round(state.arrived / state.seconds)} come a second`,
  };
}

function downwards(state: AutoState, { workers, at }: Sample, { calmSeconds }: AutoSettings): Decision {
  const enough = Math.max(...state.enough.map((one) => one.workers));
  const rested = at - state.changedAt >= calmSeconds * betweenSteps;
  if (enough >= workers || at - state.began < calmSeconds || !rested) return { workers, reason: undefined };
  state.changedAt = at;
  const wanted = Math.max(enough, workers - Math.max(1, Math.floor(workers / 4)));
  const used = round(useOf(state) * workers);
  return {
    workers: wanted,
    reason: `calm: ${enough === 0 ? 'none' : enough} would have been enough for ${round(calmSeconds)} s, ${used} are in use`,
  };
}

/** How many workers would do: with room to spare for what they do, and with what waits done within the target. */
function enoughFor(state: AutoState, { workers, backlog }: Sample, settings: AutoSettings): number {
  const capacity = capacityOf(state, settings.concurrency);
  if (backlog > 0 && capacity === undefined) return workers;
  const forBacklog =
    capacity === undefined
      ? 0
      : (state.arrived / state.seconds + backlog / settings.targetSeconds) / capacity;
  const forWork = (useOf(state) * workers) / headroom;
  return Math.max(settings.min, Math.ceil(Math.max(forBacklog, forWork) - negligible));
}

const jobs = (count: number) => (count === 1 ? 'one job waits' : `${count.toLocaleString('en')} jobs wait`);
const round = (number: number) =>
  (number < 10 ? Math.round(number * 10) / 10 : Math.round(number)).toLocaleString('en');
