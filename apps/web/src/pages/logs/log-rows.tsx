import { Loader, Text, UnstyledButton } from '@mantine/core';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { fullTime, shortTime, took } from '../../ui/times.ts';
import type { Log } from './log.ts';
import classes from './log-rows.module.css';

/**
 * Rows of which only those in sight are in the page, however many there are. Each is one button; the arrow keys go from row to row, Page Up and Down
 * by ten, Home to the newest.
 */
export function LogRows({
  logs,
  hasMore,
  loading,
  failed,
  onMore,
  onOpen,
}: {
  logs: readonly Log[];
  hasMore: boolean;
  loading: boolean;
  failed: boolean;
  onMore: () => unknown;
  onOpen: (log: Log) => void;
}) {
  const frame = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  useEffect(() => setTop(frame.current?.offsetTop ?? 0), []);
  const virtual = useWindowVirtualizer({
    count: logs.length,
    estimateSize: () => 44,
    overscan: 12,
    scrollMargin: top,
    getItemKey: (index) => logs[index]?.id ?? index,
  });
  const items = virtual.getVirtualItems();
  const lastSeen = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !loading && !failed && lastSeen >= logs.length - 30) onMore();
  }, [hasMore, loading, failed, lastSeen, logs.length, onMore]);

  const [wanted, setWanted] = useState<number>();
  useEffect(() => {
    if (wanted === undefined) return;
    const row = frame.current?.querySelector<HTMLElement>(`[data-row="${wanted}"]`);
    if (!row) return;
    row.focus({ preventScroll: true });
    setWanted(undefined);
  });
  const move = (event: KeyboardEvent, from: number) => {
    const step = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: 10,
      PageUp: -10,
      Home: -logs.length,
      End: logs.length,
    }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const to = Math.min(logs.length - 1, Math.max(0, from + step));
    virtual.scrollToIndex(to, { align: 'auto' });
    setWanted(to);
  };

  return (
    <div>
      <div className={classes.head} aria-hidden>
        <span>Time</span>
        <span>Device</span>
        <span>Operation</span>
        <span>Status</span>
        <span>Workflow</span>
        <span>Took</span>
      </div>
      <ul ref={frame} className={classes.rows} style={{ height: virtual.getTotalSize() }} aria-label="Logs">
        {items.map(({ index, key, start }) => {
          const log = logs[index];
          if (!log) return null;
          return (
            <li
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              className={classes.place}
              style={{ transform: `translateY(${start - virtual.options.scrollMargin}px)` }}
              aria-setsize={hasMore ? -1 : logs.length}
              aria-posinset={index + 1}
            >
              <UnstyledButton
                className={classes.row}
                data-row={index}
                onClick={() => onOpen(log)}
                onKeyDown={(event) => move(event, index)}
              >
                <time className={classes.time} dateTime={log.started_at} title={fullTime(log.started_at)}>
                  {shortTime(log.started_at)}
                </time>
                <span className={classes.device}>{log.device_id}</span>
                <span className={classes.operation}>{log.operation}</span>
                <span className={classes.status}>
                  <StatusBadge status={log.status} />
                </span>
                <span className={classes.workflow}>{log.workflow_id ?? '–'}</span>
                <span className={classes.took}>{log.duration_ms === null ? '–' : took(log.duration_ms)}</span>
              </UnstyledButton>
            </li>
          );
        })}
      </ul>
      {loading && (
        <Text size="sm" ta="center" role="status" c="dimmed">
          <Loader size="xs" mr="xs" aria-hidden /> Loading older rows
        </Text>
      )}
    </div>
  );
}
