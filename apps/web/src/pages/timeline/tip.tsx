import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { fromWorkflows } from '../../api/services.ts';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { shortTime } from '../../ui/times.ts';
import { type Bar, lasting } from './bars.ts';
import { rowHeight } from './drawing.ts';
import classes from './tip.module.css';

export const kindWords: Record<Bar['kind'], string> = {
  succeeded: 'succeeded',
  failed: 'failed',
  unknown: 'unknown',
  running: 'running',
  held: 'expected',
  expected: 'waiting',
};

/** What stands beside the bar that somebody points at: what, for whom, when, and why it waits. */
export function Tip({
  bar,
  x,
  y,
  names,
}: {
  bar: Bar;
  x: number;
  y: number;
  names: ReadonlyMap<string, string>;
}) {
  const row = Math.floor(y / rowHeight);
  return (
    <div
      className={classes.tip}
      style={{ left: `clamp(0px, ${x - 20}px, calc(100% - 17rem))`, top: (row + 1) * rowHeight + 2 }}
      aria-hidden
    >
      <div className={classes.head}>
        <Text fw={600} size="sm">
          {bar.title}
        </Text>
        <StatusBadge status={kindWords[bar.kind]} />
      </div>
      <Text size="xs" c="dimmed">
        {names.get(bar.device) ?? bar.device} · {shortTime(bar.from)}
        {bar.to > bar.from && ` · ${lasting(bar)}`}
      </Text>
      {bar.workflow && <WorkflowName id={bar.workflow} />}
      {bar.why.map((why) => (
        <Text size="xs" key={why}>
          {why}
        </Text>
      ))}
    </div>
  );
}

export function WorkflowName({ id }: { id: string }) {
  const { data } = useQuery({
    ...fromWorkflows.read('/workflows/{id}', { params: { path: { id } } }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  return <Text size="xs">{data?.name ?? id}</Text>;
}
