import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { FileUp, TestTubes } from 'lucide-react';
import { useState } from 'react';
import { isProblem } from '../../api/problem.ts';
import { fromHub, fromWorkflows } from '../../api/services.ts';
import { useMay } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { Notice } from '../../ui/notice.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { PageLink } from '../../ui/page-link.tsx';
import { ScanField } from '../../ui/scan-field.tsx';
import { readScanned } from '../../ui/scanned-code.ts';
import { useFilters } from '../../ui/use-filters.ts';
import { LabelsButton } from './labels.tsx';

type Filter = 'q' | 'type' | 'plate';
/** What the service takes as filters; anything else finds nothing, and is not asked for. */
const shapes = {
  q: /^[\x21-\x7e]{1,64}$/,
  type: /^[a-z][a-z0-9_ -]{0,49}$/,
  plate: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,49}$/,
};

/** Samples: found by barcode, or listed. */
export default function SamplesPage() {
  const [filters, setFilters] = useFilters<Filter>();
  const [typed, setTyped] = useState<Record<Filter, string>>({
    q: filters.q ?? '',
    type: filters.type ?? '',
    plate: filters.plate ?? '',
  });
  const navigate = useNavigate();
  const queries = useQueryClient();
  const later = useDebouncedCallback(setFilters, 250);
  const change = (name: Filter, text: string) => {
    setTyped((before) => ({ ...before, [name]: text }));
    later({ [name]: text.trim() || undefined });
  };

  const open = useAction({
    run: async (scanned: string) => {
      const read = readScanned(scanned);
      if (read.kind === 'subject') return read;
      if (read.kind === 'short') {
        const { subject_kind, subject_id } = await queries.fetchQuery(
          fromHub.read('/links/{code}', { params: { path: { code: read.code } } }),
        );
        return { subject: subject_kind ?? 'sample', id: subject_id ?? scanned };
      }
      await queries.fetchQuery(
        fromWorkflows.read('/samples/{barcode}', { params: { path: { barcode: read.text } } }),
      );
      return { subject: 'sample' as const, id: read.text };
    },
    onDone: ({ subject, id }) => {
      if (subject === 'plate') void navigate({ to: '/plates/$id', params: { id } });
      else if (subject === 'device') void navigate({ to: '/', search: { q: id } });
      else void navigate({ to: '/samples/$barcode', params: { barcode: id } });
    },
  });
  const unknown = isProblem(open.error, 'sample_not_found');

  const wanted = {
    ...(filters.q && shapes.q.test(filters.q) ? { barcode_prefix: filters.q } : {}),
    ...(filters.type && shapes.type.test(filters.type) ? { sample_type: filters.type } : {}),
    ...(filters.plate && shapes.plate.test(filters.plate) ? { plate_id: filters.plate } : {}),
  };
  const query = useInfiniteQuery(
    fromWorkflows.pages('/samples', { params: { query: { limit: 50, ...wanted } } }),
  );
  const listed = query.data?.pages.flatMap((page) => page.samples) ?? [];
  const filtered = Object.keys(wanted).length > 0;

  return (
    <>
      <PageHeader
        title="Samples"
        actions={
          <>
            <LabelsButton
              subjects={listed.slice(0, 200).map(({ barcode }) => ({ kind: 'sample', id: barcode }))}
            />
            {useMay('scientist') && (
              <Button component={Link} to="/import" leftSection={<FileUp size={17} aria-hidden />}>
                Import CSV
              </Button>
            )}
          </>
        }
      >
        Every sample and where it is.
      </PageHeader>
      <Stack>
        <Group align="flex-start" grow preventGrowOverflow={false}>
          <ScanField
            label="Barcode"
            description="Type to filter; press Enter to open the sample."
            value={typed.q}
            onChange={(text) => change('q', text)}
            onScan={(code) => open.mutate(code)}
          />
          <TextInput
            label="Type"
            description="For example blood or tissue."
            value={typed.type}
            onChange={(event) => change('type', event.currentTarget.value)}
          />
          <TextInput
            label="Plate"
            description="The id of a plate."
            value={typed.plate}
            onChange={(event) => change('plate', event.currentTarget.value)}
          />
        </Group>
        {unknown ? (
          <Notice title="No sample has this barcode">{open.error?.message}</Notice>
        ) : (
          <Failed error={open.error} />
        )}
        <DataTable
          caption="Samples"
          query={query}
          rows={(page) => page.samples}
          rowKey={({ id }) => id}
          columns={[
            {
              key: 'barcode',
              title: 'Barcode',
              cell: ({ barcode }) => (
                <PageLink to="/samples/$barcode" params={{ barcode }} inherit>
                  {barcode}
                </PageLink>
              ),
            },
            { key: 'type', title: 'Type', cell: ({ sample_type }) => sample_type },
            {
              key: 'place',
              title: 'Where',
              cell: ({ plate_id, well }) =>
                plate_id === null ? (
                  '—'
                ) : (
                  <PageLink to="/plates/$id" params={{ id: plate_id }} inherit>
                    {plate_id} {well}
                  </PageLink>
                ),
            },
            {
              key: 'volume',
              title: 'Volume',
              align: 'right',
              cell: ({ volume_ul }) => (volume_ul === null ? '—' : `${volume_ul} µL`),
            },
          ]}
          empty={
            <Empty title={filtered ? 'No matching samples' : 'No samples yet'} icon={TestTubes}>
              {filtered
                ? 'Remove a filter, or scan the barcode again.'
                : 'Import a CSV file, and they are here.'}
            </Empty>
          }
        />
      </Stack>
    </>
  );
}
