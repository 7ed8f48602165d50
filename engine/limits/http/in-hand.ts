/**
 * How many requests each has in hand in this process. What waits (a long poll, a body that comes byte by byte) costs its sender nothing and no limit of
 * requests in a time ends it: without this, one of them could take every place that the process has.
 */
export interface InHand {
  /** Takes a place, which `leave` gives back; undefined: all places of this one are taken. */
  take(who: string): (() => void) | undefined;
}

export function inHand(most: number): InHand {
  const taken = new Map<string, number>();
  return {
    take: (who) => {
      const before = taken.get(who) ?? 0;
      if (before >= most) return undefined;
      taken.set(who, before + 1);
      return () => {
        const left = (taken.get(who) ?? 1) - 1;
        if (left > 0) taken.set(who, left);
        else taken.delete(who);
      };
    },
  };
}
