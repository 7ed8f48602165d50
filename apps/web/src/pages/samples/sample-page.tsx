import { Card, Stack, Table, Title } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Workflow } from 'lucide-react';
import type { ReactNode } from 'react';
import { fromWorkflows } from '../../api/services.ts';
import { keptLive } from '../../live/refresh.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { PageLink } from '../../ui/page-link.tsx';
import { readName } from '../../ui/quantity.ts';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Time } from '../../ui/time.tsx';
import { Value } from '../../ui/values.tsx';
import { LabelsButton } from './labels.tsx';

/** One sample: what it is, where it stands, what was done with it. */
export default function SamplePage() {
  const { barcode = '' } = useParams({ strict: false }) as { barcode?: string };
  const query = useQuery(fromWorkflows.read('/samples/{barcode}', { params: { path: { barcode } } }));
  const uses = useInfiniteQuery({
    ...keptLive(
      fromWorkflows.pages('/samples/{barcode}/workflows', {
        params: { path: { barcode }, query: { limit: 20 } },
      }),
      'lab',
    ),
    enabled: query.data !== undefined,
  });
  const sample = query.data;
  return (
    <>
      <PageHeader
        title={barcode}
        actions={sample && <LabelsButton subjects={[{ kind: 'sample', id: sample.barcode }]} />}
      >
        {sample?.sample_type}
      </PageHeader>
      {query.isPending && <LoadingRows what="the sample" rows={4} />}
      <Failed error={query.error} retry={query.refetch} />
      {sample && (
        <Stack gap="xl">
          <Card withBorder bg="var(--lab-surface)" p={0} maw={640}>
            <Table variant="vertical">
              <Table.Tbody>
                <Fact name="Where">
                  {sample.plate_id === null ? (
                    'Not on a plate'
                  ) : (
                    <>
                      <PageLink
                        to="/plates/$id"
                        params={{ id: sample.plate_id }}
                        search={{ well: sample.well ?? '' }}
                        inherit
                        underline="always"
                      >
                        {sample.plate_id}
                      </PageLink>
                      , well {sample.well}
                    </>
                  )}
                </Fact>
                <Fact name="Volume">
                  {sample.volume_ul === null ? 'Not known' : `${sample.volume_ul} µL`}
                </Fact>
                <Fact name="Registered">
                  <Time at={sample.created_at} />
                </Fact>
                {Object.entries(sample.metadata).map(([name, value]) => (
                  <Fact key={name} name={readName(name).words}>
                    <Value name={name} value={value} />
                  </Fact>
                ))}
              </Table.Tbody>
            </Table>
          </Card>
          <Stack gap="xs">
            <Title order={2} size="h4">
              Workflows
            </Title>
            <DataTable
              caption="Workflows with this sample"
              query={uses}
              rows={(page) => page.workflows}
              rowKey={({ id }) => id}
              columns={[
                {
                  key: 'name',
                  title: 'Workflow',
                  cell: ({ id, name }) => (
                    <PageLink to="/workflows/$id" params={{ id }} inherit fw={600}>
                      {name}
                    </PageLink>
                  ),
                },
                { key: 'status', title: 'Status', cell: ({ status }) => <StatusBadge status={status} /> },
                { key: 'device', title: 'Device', cell: ({ device_id }) => device_id },
                { key: 'made', title: 'Made', cell: ({ created_at }) => <Time at={created_at} /> },
              ]}
              empty={
                <Empty title="Not used yet" icon={Workflow}>
                  Workflows that use this sample are listed here.
                </Empty>
              }
            />
          </Stack>
        </Stack>
      )}
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" w={150}>
        {name}
      </Table.Th>
      <Table.Td>{children}</Table.Td>
    </Table.Tr>
  );
}
