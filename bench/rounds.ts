import { median } from './stats.ts';

/** One side of a comparison: does its share of a round and answers what it measured. */
export type Side<Figures = number> = (round: number) => Promise<Figures>;

/**
 * Lets all sides take turns, one round after the other, in reversed order every second round, so that whatever
 * else the machine does meets each of them alike. A first round warms up (plans, caches, compiled code) and
 * is not counted. Throws the signal's reason when aborted.
 */
export async function interleave<const Name extends string, Figures = number>(
  sides: Record<Name, Side<Figures>>,
  options: { rounds: number; signal: AbortSignal },
): Promise<Record<Name, Figures[]>> {
  const names = Object.keys(sides) as Name[];
  const measured = Object.fromEntries(names.map((name) => [name, [] as Figures[]]));
  for (let round = 0; round <= options.rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      options.signal.throwIfAborted();
      const figures = await sides[name](round);
      if (round > 0) measured[name]?.push(figures);
    }
  }
  return measured as Record<Name, Figures[]>;
}

/**
 * The same for what takes milliseconds: in a round all sides take turns call by call, and a round's figure is the
 * median of its calls. Each call answers its own time, so that what it prepares or checks is not counted. The first
 * round may have more calls than the others: code is compiled for speed after hundreds of calls.
 */
export async function interleaveCalls<const Name extends string>(
  sides: Record<Name, (call: number) => Promise<number>>,
  options: { rounds: number; callsARound: number; warmUpCalls?: number; signal: AbortSignal },
): Promise<Record<Name, number[]>> {
  const names = Object.keys(sides) as Name[];
  const medians = Object.fromEntries(names.map((name) => [name, [] as number[]]));
  let call = 0;
  for (let round = 0; round <= options.rounds; round += 1) {
    const times = Object.fromEntries(names.map((name) => [name, [] as number[]]));
    const last = call + ((round === 0 && options.warmUpCalls) || options.callsARound);
    for (; call < last; call += 1) {
      for (const name of call % 2 === 0 ? names : names.toReversed()) {
        options.signal.throwIfAborted();
        times[name]?.push(await sides[name](call));
      }
    }
    if (round > 0) for (const name of names) medians[name]?.push(median(times[name] ?? []));
  }
  return medians as Record<Name, number[]>;
}

/** Milliseconds that the work took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Does each item's work with so many at once and answers how many were done a second. */
export async function perSecond<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<unknown>,
): Promise<number> {
  // One iterator for all lanes: each takes the next item that nobody has taken.
  const remaining = items.values();
  const lane = async () => {
    for (const item of remaining) await work(item);
  };
  const ms = await timed(() => Promise.all(Array.from({ length: atOnce }, lane)));
  return (items.length / ms) * 1000;
}
