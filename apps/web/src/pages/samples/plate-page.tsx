import { Card, Group, SegmentedControl, Select, Stack, Table, Text, Title } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useEffect, useMemo } from 'react';
import { fromHub, fromWorkflows } from '../../api/services.ts';
import { keptLive } from '../../live/refresh.ts';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { Notice } from '../../ui/notice.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { PageLink } from '../../ui/page-link.tsx';
import { TableFrame } from '../../ui/table-frame.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { LabelsButton } from './labels.tsx';
import { Legend, PlateWells } from './plate-wells.tsx';
import { measuresOf, plainWell, scaleOf, wellName } from './wells.ts';

/** Pages of results that are looked at: 10,000 values. */
const mostPages = 100;

/** A plate, well by well. */
export default function PlatePage() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const [{ by, well: chosen, view = 'wells' }, setFilters] = useFilters<'by' | 'well' | 'view'>();
  const query = useQuery(keptLive(fromWorkflows.read('/plates/{id}', { params: { path: { id } } }), 'lab'));
  const results = useInfiniteQuery(
    keptLive(fromHub.pages('/results', { params: { query: { plate_id: id, limit: 100 } } }), 'lab'),
  );
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = results;
  const read = results.data?.pages.length ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && read < mostPages) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, read]);

  const plate = query.data;
  const measures = useMemo(
    () => measuresOf(plate?.samples ?? [], results.data?.pages.flatMap((page) => page.results) ?? []),
    [plate, results.data],
  );
  const barcodes = useMemo(
    () =>
      new Map(
        (plate?.samples ?? []).flatMap(({ well, barcode }) =>
          well === null ? [] : [[plainWell(well), barcode] as const],
        ),
      ),
    [plate],
  );
  const measure = measures.find(({ key }) => key === by) ?? measures[0];
  const scale = useMemo(() => measure && scaleOf(measure.values.values()), [measure]);
  if (!plate)
    return (
      <>
        <PageHeader title={id} />
        {query.error ? (
          <Failed error={query.error} retry={query.refetch} />
        ) : (
          <LoadingRows what="the plate" rows={8} />
        )}
      </>
    );

  const types = new Map(plate.samples.map(({ barcode, sample_type }) => [barcode, sample_type]));
  const barcode = chosen === undefined ? undefined : barcodes.get(chosen);

  return (
    <>
      <PageHeader title={plate.name} actions={<LabelsButton subjects={[{ kind: 'plate', id: plate.id }]} />}>
        {plate.name === plate.id ? '' : `${plate.id} · `}
        {plate.rows} × {plate.columns} wells, {plate.samples.length} with a sample
      </PageHeader>
      <Stack>
        <Group align="flex-end" justify="space-between">
          <Group align="flex-end">
            <Select
              label="Coloured by"
              data={measures.map(({ key, label, unit }) => ({
                value: key,
                label: unit ? `${label} (${unit})` : label,
              }))}
              value={measure?.key ?? null}
              allowDeselect={false}
              placeholder="Nothing was measured"
              disabled={measures.length === 0}
              onChange={(key) => setFilters({ by: key ?? undefined })}
            />
            {measure && scale && <Legend measure={measure} scale={scale} />}
          </Group>
          <SegmentedControl
            aria-label="How it is shown"
            value={view}
            onChange={(next) => setFilters({ view: next === 'wells' ? undefined : next })}
            data={[
              { value: 'wells', label: 'Wells' },
              { value: 'table', label: 'Table' },
            ]}
          />
        </Group>
        <Failed error={results.error} retry={results.refetch} />
        {read >= mostPages && hasNextPage && (
          <Notice title="There are more results than are shown">
            Only the first 10,000 values of this plate are used.
          </Notice>
        )}
        {view === 'table' ? (
          <TableFrame label={`Wells of ${plate.name}`}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th scope="col">Well</Table.Th>
                  <Table.Th scope="col">Sample</Table.Th>
                  <Table.Th scope="col">Type</Table.Th>
                  {measures.map(({ key, label, unit }) => (
                    <Table.Th key={key} scope="col" ta="right">
                      {label}
                      {unit ? ` (${unit})` : ''}
                    </Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {wellsToTell(plate.rows, plate.columns, barcodes, measures).map((well) => {
                  const sample = barcodes.get(well);
                  return (
                    <Table.Tr key={well}>
                      <Table.Th scope="row">{well}</Table.Th>
                      <Table.Td>
                        {sample ? (
                          <PageLink to="/samples/$barcode" params={{ barcode: sample }} inherit>
                            {sample}
                          </PageLink>
                        ) : (
                          '—'
                        )}
                      </Table.Td>
                      <Table.Td>{(sample && types.get(sample)) ?? '—'}</Table.Td>
                      {measures.map(({ key, values }) => (
                        <Table.Td key={key} ta="right">
                          {values.get(well) ?? '—'}
                        </Table.Td>
                      ))}
                    </Table.Tr>
                  );
                })}
              </Table.Tbody>
            </Table>
          </TableFrame>
        ) : (
          <>
            <PlateWells
              name={plate.name}
              rows={plate.rows}
              columns={plate.columns}
              barcodes={barcodes}
              measure={measure}
              scale={scale}
              chosen={chosen}
              onChoose={(well) => setFilters({ well: well === chosen ? undefined : well })}
            />
            <Card withBorder bg="var(--lab-surface)" role="status" maw={520}>
              {chosen === undefined ? (
                <Text c="dimmed">
                  Choose a well to see what is in it. Arrows, Home, End and Page up and down move between
                  wells.
                </Text>
              ) : (
                <Stack gap={4}>
                  <Title order={2} size="h4">
                    Well {chosen}
                  </Title>
                  {barcode === undefined ? (
                    <Text c="dimmed">No sample in this well.</Text>
                  ) : (
                    <PageLink to="/samples/$barcode" params={{ barcode }} fw={600} underline="always">
                      {barcode}
                    </PageLink>
                  )}
                  {measures.map(({ key, label, unit, values }) => (
                    <Text key={key} size="sm">
                      {label}: {values.get(chosen) ?? '—'} {values.has(chosen) ? unit : ''}
                    </Text>
                  ))}
                </Stack>
              )}
            </Card>
          </>
        )}
      </Stack>
    </>
  );
}

/** The wells that have something, row by row. */
const wellsToTell = (
  rows: number,
  columns: number,
  barcodes: ReadonlyMap<string, string>,
  measures: readonly { readonly values: ReadonlyMap<string, number> }[],
) =>
  Array.from({ length: rows * columns }, (_, index) =>
    wellName(Math.floor(index / columns), index % columns),
  ).filter((well) => barcodes.has(well) || measures.some(({ values }) => values.has(well)));
