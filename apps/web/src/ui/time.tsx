import { Tooltip } from '@mantine/core';
import { duration, fullTime, relativeTime, shortTime } from './times.ts';
import { useNow } from './use-now.ts';

/** A moment: `5 min ago`, or with `exact` the clock; all of it when pointed at. */
export function Time({ at, exact = false }: { at: string; exact?: boolean }) {
  const now = useNow(10_000);
  return (
    <Tooltip label={fullTime(at)} openDelay={300}>
      <time dateTime={at}>{exact ? shortTime(at, now) : relativeTime(at, now)}</time>
    </Tooltip>
  );
}

/** How long something takes, or took; `since` counts on by itself. */
export function Duration({
  seconds,
  since,
}: { seconds: number; since?: never } | { since: string; seconds?: never }) {
  const now = useNow(1_000);
  return <span>{duration(seconds ?? (now - new Date(since ?? now).getTime()) / 1_000)}</span>;
}
