import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { type Device, useDevices } from '../../api/overview.ts';
import { fromDevices } from '../../api/services.ts';
import { keptLive } from '../../live/refresh.ts';
import { type Bar, rowsOf, type View } from './bars.ts';
import { expectedBars } from './expected.ts';
import { mostBars, readExecutions } from './read-executions.ts';

/**
 * What is to be drawn: what the devices did (the past of what is visible is read once, what has happened since this page was opened is kept live), what they do, and
 * what is expected of them.
 */
export function useBars(settled: View, width: number, now: number) {
  const [opened] = useState(() => now);
  const { query: devicesQuery, devices } = useDevices();
  const span = Math.max(1, settled.msPerPixel * width);
  // In steps of a whole width, so that a small movement asks for nothing.
  const step = 2 ** Math.ceil(Math.log2(span));
  const from = Math.floor(settled.from / step) * step - step;
  const to = Math.min(opened, from + 4 * step);

  const past = useQuery({
    queryKey: ['timeline', 'past', from, to],
    queryFn: ({ signal }) => readExecutions(from, to, signal),
    enabled: to > from,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
  });
  const recent = useQuery(
    keptLive(
      {
        queryKey: ['timeline', 'recent', opened],
        queryFn: ({ signal }: { signal: AbortSignal }) =>
          readExecutions(opened - 600_000, Date.now() + 86_400_000, signal),
      },
      'lab',
    ),
  );
  const queues = useQueries({
    queries: devices
      .filter((device) => device.queue_length > 0)
      .map(({ id }) =>
        keptLive(
          fromDevices.read('/devices/{id}/queue', { params: { path: { id }, query: { limit: 100 } } }),
          `device:${id}`,
        ),
      ),
    combine: (results) => results.map(({ data }) => data?.queue ?? []),
  });

  const rows = useMemo(() => {
    const known = new Map<string, Bar>();
    for (const bar of [...(past.data ?? []), ...(recent.data ?? [])])
      if (bar.kind !== 'running') known.set(bar.id, bar);
      else known.delete(bar.id);
    const waiting = new Map(queues.map((queue) => [queue[0]?.device_id, queue]));
    const coming = devices.flatMap((device: Device) =>
      expectedBars(device, waiting.get(device.id) ?? [], now),
    );
    return rowsOf(
      devices.map(({ id }) => id),
      [...known.values(), ...coming],
    );
  }, [past.data, recent.data, queues, devices, now]);

  return {
    rows,
    devices,
    isPending: devicesQuery.isPending || (past.isPending && past.fetchStatus === 'fetching'),
    error: devicesQuery.error ?? past.error ?? recent.error,
    /** There is more in this stretch of time than is drawn. */
    isCut: (past.data?.length ?? 0) >= mostBars,
    refetch: () => Promise.all([devicesQuery.refetch(), past.refetch(), recent.refetch()]),
  };
}
