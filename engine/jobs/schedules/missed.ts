import { lastTicks, nextTick, type Rule } from './rule.ts';

/** What becomes of ticks for which nobody was there: none is made up for, one for all of them, or each. */
export type MissedPolicy = 'skip' | 'one' | 'all';

export interface Due {
  /** The ticks that get a job, oldest first. */
  ticks: { at: Date /** Where it stands for others too: the first of those. */; since: Date | null }[];
  /** The first tick that lies ahead; null where none does. */
  next: Date | null;
}

/** A tick that is late by more counts as missed. */
export const graceMs = 60_000;
/** With the policy `all`, the newest so many are made up for. */
export const mostMissed = 1_000;

/** What is to be done at `now` about a schedule whose next tick, `nextAt`, has come. */
export function dueTicks(rule: Rule, missed: MissedPolicy, nextAt: Date, now: Date): Due {
  const next = nextTick(rule, now) ?? null;
  // What a change of the rules of a time zone has taken away still ticks once.
  const newest = lastTicks(rule, now, 1)[0];
  const last = newest && newest > nextAt ? newest : nextAt;
  if (missed === 'all' && last > nextAt) {
    const newer = lastTicks(rule, now, mostMissed).filter((at) => at > nextAt);
    const all = newer.length < mostMissed ? [nextAt, ...newer] : newer;
    return { ticks: all.map((at) => ({ at, since: null })), next };
  }
  if (missed === 'skip' && now.getTime() - last.getTime() > graceMs) return { ticks: [], next };
  return { ticks: [{ at: last, since: missed === 'one' && last > nextAt ? nextAt : null }], next };
}
