import type { Clock } from '@labwright/kernel/clock';

/** Milliseconds: the first rest, the longest, and after which a forgotten workflow begins anew. */
const lengths = { first: 1_000, most: 30_000, forget: 600_000 };

/** Which workflows are not to be tried just now: longer each time in a row that one is refused. */
export interface Rests {
  begin(workflowId: string): void;
  end(workflowId: string): void;
  resting(): string[];
}

export function createRests(clock: Clock): Rests {
  const known = new Map<string, { until: number; times: number }>();
  return {
    begin: (id) => {
      const times = (known.get(id)?.times ?? 0) + 1;
      known.set(id, { times, until: clock.now() + Math.min(lengths.most, lengths.first * 2 ** (times - 1)) });
    },
    end: (id) => {
      known.delete(id);
    },
    resting: () => {
      const now = clock.now();
      for (const [id, { until }] of known) if (until + lengths.forget < now) known.delete(id);
      return [...known].filter(([, { until }]) => until > now).map(([id]) => id);
    },
  };
}
