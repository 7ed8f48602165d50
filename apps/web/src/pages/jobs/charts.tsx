import { SegmentedControl, SimpleGrid, Stack } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { isServiceName, readsOf, serviceLabel, serviceNames } from '../../api/each-service.ts';
import { Failed } from '../../ui/failed.tsx';
import { LoadingCards } from '../../ui/loading.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { Chart, type Line } from './chart.tsx';
import { lookAgainMs } from './look-again.ts';
import { latency, rate } from './nice.ts';

const ranges = ['1h', '6h', '24h', '7d'] as const;
type Range = (typeof ranges)[number];
const isRange = (text: string | undefined): text is Range => ranges.some((one) => one === text);

/** Throughput and latency, of all services or of one queue, as workers recorded them. */
export default function Charts() {
  const [{ range: asked, service, queue }, setFilters] = useFilters<'range' | 'service' | 'queue'>();
  const range = isRange(asked) ? asked : '1h';
  const services = isServiceName(service) ? [service] : serviceNames;
  const answers = useQueries({
    queries: services.map((one) => ({
      ...readsOf(one).read('/jobs/series', { params: { query: { range, ...(queue ? { queue } : {}) } } }),
      refetchInterval: lookAgainMs * 2,
    })),
  });
  const failed = answers.find(({ error }) => error);
  const ready = answers.every(({ data }) => data);
  const first = answers[0]?.data;
  const times = first?.points.map(({ at }) => at) ?? [];
  const step = first?.step_seconds ?? 60;
  const pointsOf = (index: number) => answers[index]?.data?.points ?? [];

  const toneOf = (index: number) => ((index % 3) + 1) as 1 | 2 | 3;
  const ended: Line[] = services.map((one, index) => ({
    name: services.length === 1 ? 'ended well' : serviceLabel[one],
    tone: toneOf(index),
    values: pointsOf(index).map(({ succeeded }) => succeeded / step),
  }));
  const troubled: Line = {
    name: 'went wrong',
    tone: 4,
    values: times.map(
      (_, at) =>
        answers.reduce((sum, { data }) => {
          const point = data?.points[at];
          return sum + (point ? point.retried + point.failed + point.dead : 0);
        }, 0) / step,
    ),
  };
  const own = services.length === 1;
  const wait: Line[] = own
    ? (['p50', 'p95'] as const).map((part, index) => ({
        name: part === 'p50' ? 'half of the jobs within' : '95 of 100 within',
        tone: toneOf(index),
        values: pointsOf(0).map((point) => point.wait[part]),
      }))
    : services.map((one, index) => ({
        name: serviceLabel[one],
        tone: toneOf(index),
        values: pointsOf(index).map((point) => point.wait.p95),
      }));
  const run: Line[] = own
    ? (['p50', 'p95'] as const).map((part, index) => ({
        name: part === 'p50' ? 'half of the attempts within' : '95 of 100 within',
        tone: toneOf(index),
        values: pointsOf(0).map((point) => point.run[part]),
      }))
    : services.map((one, index) => ({
        name: serviceLabel[one],
        tone: toneOf(index),
        values: pointsOf(index).map((point) => point.run.p95),
      }));

  return (
    <Stack gap="sm">
      <SegmentedControl
        aria-label="How far back"
        size="xs"
        w="fit-content"
        value={range}
        onChange={(value) => setFilters({ range: value === '1h' ? undefined : value })}
        data={[
          { value: '1h', label: 'Last hour' },
          { value: '6h', label: '6 hours' },
          { value: '24h', label: 'Day' },
          { value: '7d', label: 'Week' },
        ]}
      />
      <Failed error={failed?.error} retry={failed?.refetch} />
      {!ready && !failed && <LoadingCards what="charts" cards={3} />}
      {ready && (
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
          <Chart title="Jobs ended" times={times} lines={[...ended, troubled]} format={rate} />
          <Chart
            title={own ? 'Wait for a start' : 'Wait for a start, 95 of 100 within'}
            times={times}
            lines={wait}
            format={latency}
          />
          <Chart
            title={own ? 'Time of an attempt' : 'Time of an attempt, 95 of 100 within'}
            times={times}
            lines={run}
            format={latency}
          />
        </SimpleGrid>
      )}
    </Stack>
  );
}
