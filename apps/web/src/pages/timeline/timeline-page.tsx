import { ActionIcon, Button, Group, SegmentedControl, Text, Tooltip } from '@mantine/core';
import { CalendarRange, Minus, Plus } from 'lucide-react';
import { useMemo } from 'react';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { useNow } from '../../ui/use-now.ts';
import { BarTable } from './bar-table.tsx';
import { barAt, viewOf } from './bars.ts';
import { Chart } from './chart.tsx';
import { Legend } from './legend.tsx';
import { mostBars } from './read-executions.ts';
import { useBars } from './use-bars.ts';
import { firstWidth, useView } from './use-view.ts';

const minute = 60_000;
const spans = {
  '10 min': 10 * minute,
  hour: 60 * minute,
  day: 1_440 * minute,
  week: 10_080 * minute,
  month: 43_200 * minute,
} as const;
type SpanName = keyof typeof spans;
const isSpan = (name: string | undefined): name is SpanName => name !== undefined && name in spans;

/** Now stands at three quarters: there is more past than one can foresee. */
const around = (now: number, span: number) => [now - span * 0.75, now + span * 0.25] as const;

/** What every device did, does, and is expected to do. */
export default function TimelinePage() {
  const [filters, setFilters] = useFilters<'span' | 'as'>();
  const now = useNow(5_000);
  const span = isSpan(filters.span) ? filters.span : 'hour';
  const control = useView(() => viewOf(...around(now, spans[span]), firstWidth));
  const { settled, width, show, zoomAt } = control;
  const { rows, devices, isPending, error, isCut, refetch } = useBars(settled, width.current, now);
  const names = useMemo(() => new Map(devices.map(({ id, name }) => [id, name])), [devices]);
  const end = settled.from + width.current * settled.msPerPixel;
  const nothingVisible = rows.every((row) => !barAt(row, (settled.from + end) / 2, (end - settled.from) / 2));
  const asTable = filters.as === 'table';

  const choose = (name: string) => {
    if (!isSpan(name)) return;
    setFilters({ span: name });
    show(...around(Date.now(), spans[name]));
  };

  return (
    <>
      <PageHeader title="Timeline">What every device did, does, and is expected to do.</PageHeader>
      <Group justify="space-between" mb="sm" gap="sm">
        <Group gap="xs">
          <SegmentedControl
            aria-label="Stretch of time"
            size="xs"
            data={Object.keys(spans)}
            value={span}
            onChange={choose}
          />
          <Group gap="xs" wrap="nowrap">
            <Button size="xs" variant="default" onClick={() => choose(span)}>
              Now
            </Button>
            {[
              { label: 'Come nearer', factor: 0.6, icon: <Plus size={16} aria-hidden /> },
              { label: 'Go further away', factor: 1 / 0.6, icon: <Minus size={16} aria-hidden /> },
            ].map(({ label, factor, icon }) => (
              <Tooltip key={label} label={label}>
                <ActionIcon
                  variant="default"
                  size={30}
                  aria-label={label}
                  onClick={() => zoomAt(factor, width.current / 2)}
                >
                  {icon}
                </ActionIcon>
              </Tooltip>
            ))}
          </Group>
        </Group>
        <SegmentedControl
          aria-label="Shown as"
          size="xs"
          data={[
            { value: 'chart', label: 'Chart' },
            { value: 'table', label: 'Table' },
          ]}
          value={asTable ? 'table' : 'chart'}
          onChange={(as) => setFilters({ as: as === 'table' ? as : undefined })}
        />
      </Group>
      {isPending ? (
        <LoadingRows what="the timeline" />
      ) : error && rows.length === 0 ? (
        <Failed error={error} retry={refetch} />
      ) : rows.length === 0 ? (
        <Empty title="No instruments yet" icon={CalendarRange}>
          Once there is a device, what it does is shown here.
        </Empty>
      ) : asTable ? (
        <BarTable rows={rows} names={names} view={settled} width={width.current} />
      ) : (
        <>
          <Chart rows={rows} names={names} control={control} now={now} />
          <Legend />
          {nothingVisible && (
            <Text size="sm" c="dimmed" mt="sm">
              Nothing happened in this stretch of time, and nothing is expected in it.
            </Text>
          )}
        </>
      )}
      {isCut && (
        <Text size="sm" c="dimmed" mt="xs">
          So much has happened in this stretch of time that only the newest {mostBars.toLocaleString()}{' '}
          operations are drawn: come nearer for the others.
        </Text>
      )}
      {rows.length > 0 && <Failed error={error} retry={refetch} />}
    </>
  );
}
