import { slices } from '../../limit.ts';
import type { Check, Standing } from '../../store.ts';

/** What is kept of a key. */
export interface State {
  /** Bucket: the microsecond at which it is full again. Window: the number of its newest slice. */
  at: number;
  /** Counts of the newest slice and of those before it; null for a bucket. */
  counts: number[] | null;
}

/** What a check comes to, and what to keep where every check of the decision passes. */
export interface Judgement {
  standing: Standing;
  next: State;
  /** The standing where it is charged. */
  charged: Standing;
}

/** The same sums as `judge_limit` in PostgreSQL and as the script for Redis. `now` in microseconds. */
export function judge(check: Check, state: State | undefined, now: number): Judgement {
  return check.limit.kind === 'bucket' ? judgeBucket(check, state, now) : judgeWindow(check, state, now);
}

function judgeBucket({ limit, cost }: Check, state: State | undefined, now: number): Judgement {
  const { unitUs, most } = limit;
  const fullAt = Math.max(state?.at ?? 0, now);
  const latest = now + most * unitUs;
  const next = fullAt + cost * unitUs;
  const standing = (at: number, waitUs: number): Standing => ({
    // A clock that was put back leaves more owed than there is room for.
    remaining: Math.max(0, Math.floor((latest - at) / unitUs)),
    waitUs,
    wholeUs: at - now,
  });
  return {
    standing: standing(fullAt, Math.max(0, next - latest)),
    charged: standing(next, 0),
    next: { at: next, counts: null },
  };
}

function judgeWindow({ limit, cost }: Check, state: State | undefined, now: number): Judgement {
  const { unitUs, most } = limit;
  const slice = Math.floor(now / unitUs);
  const newest = Math.max(state?.at ?? 0, slice);
  const shift = state ? newest - state.at : 0;
  const counts = Array.from({ length: slices + 1 }, (_, age) => state?.counts?.[age - shift] ?? 0);
  const sum = counts.reduce((total, count) => total + count, 0);
  /** Until the slice of this age has left the window. */
  const leaves = (age: number) => (newest + slices + 1 - age) * unitUs - now;
  let waitUs = 0;
  let over = sum + cost - most;
  for (let age = slices; over > 0; age -= 1) {
    over -= counts[age] ?? 0;
    waitUs = leaves(age);
  }
  const youngest = counts.findIndex((count) => count > 0);
  const after = [...counts];
  after[0] = (after[0] ?? 0) + cost;
  return {
    standing: { remaining: Math.max(0, most - sum), waitUs, wholeUs: youngest < 0 ? 0 : leaves(youngest) },
    charged: { remaining: most - sum - cost, waitUs: 0, wholeUs: leaves(0) },
    next: { at: newest, counts: after },
  };
}
