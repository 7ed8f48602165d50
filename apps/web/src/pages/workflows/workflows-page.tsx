import { Button, Group, NativeSelect, Progress, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { ListChecks, Plus, Search } from 'lucide-react';
import { useState } from 'react';
import { fromDevices, fromWorkflows } from '../../api/services.ts';
import { useMay } from '../../api/session.ts';
import { keptLive } from '../../live/refresh.ts';
import { ButtonLink } from '../../ui/button-link.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { PageLink } from '../../ui/page-link.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Time } from '../../ui/time.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { isStatus, type Workflow, workflowStatuses } from './types.ts';

/** What was, is and will be done, newest first. */
export default function WorkflowsPage() {
  const [filters] = useFilters<FilterName>();
  const status = isStatus(filters.status) ? filters.status : undefined;
  const { device, q } = filters;
  const query = useInfiniteQuery({
    ...keptLive(
      fromWorkflows.pages('/workflows', {
        params: {
          query: {
            ...(status ? { status } : {}),
            ...(device ? { device_id: device } : {}),
            ...(q ? { q } : {}),
          },
        },
      }),
      'lab',
    ),
    // The list stays while what was typed is looked for.
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <PageHeader title="Workflows" actions={<NewWorkflow />}>
        Everything planned, running and finished, newest first.
      </PageHeader>
      <Filters />
      <DataTable
        caption="Workflows"
        query={query}
        rows={(page) => page.workflows}
        rowKey={({ id }) => id}
        columns={columns}
        empty={status || device || q ? <NothingFound /> : <NoneYet />}
      />
    </>
  );
}

type FilterName = 'status' | 'device' | 'q';

const columns: readonly Column<Workflow>[] = [
  {
    key: 'name',
    title: 'Name',
    cell: ({ id, name }) => (
      <PageLink to="/workflows/$id" params={{ id }} fw={600}>
        {name}
      </PageLink>
    ),
  },
  { key: 'status', title: 'Status', cell: ({ status }) => <StatusBadge status={status} /> },
  { key: 'device', title: 'Device', cell: ({ device_id }) => device_id },
  { key: 'steps', title: 'Steps', cell: (workflow) => <StepsDone workflow={workflow} /> },
  {
    key: 'samples',
    title: 'Samples',
    cell: ({ samples }) => samples.length,
    align: 'right',
  },
  { key: 'created', title: 'Created', cell: ({ created_at }) => <Time at={created_at} /> },
];

function StepsDone({ workflow: { steps } }: { workflow: Workflow }) {
  const done = steps.filter(({ status }) => status === 'succeeded').length;
  return (
    <Stack gap={4} maw={120}>
      <Text size="sm">
        {done} of {steps.length}
      </Text>
      <Progress value={(100 * done) / steps.length} size="xs" aria-hidden />
    </Stack>
  );
}

function Filters() {
  const [filters, setFilters] = useFilters<FilterName>();
  const [text, setText] = useState(filters.q ?? '');
  const look = useDebouncedCallback((q: string) => setFilters({ q: q.trim() || undefined }), 300);
  const devices = useQuery(fromDevices.read('/devices', { params: { query: { limit: 100 } } }));
  const known = devices.data?.devices.map(({ id, name }) => ({ value: id, label: name })) ?? [];
  // A link may name a device that is gone by now.
  const chosen = filters.device;
  const others =
    chosen && known.every(({ value }) => value !== chosen) ? [{ value: chosen, label: chosen }] : [];
  return (
    <search>
      <Group mb="md" gap="sm" align="flex-end">
        <TextInput
          label="Name or id"
          type="search"
          value={text}
          maxLength={200}
          leftSection={<Search size={15} aria-hidden />}
          onChange={(event) => {
            setText(event.currentTarget.value);
            look(event.currentTarget.value);
          }}
        />
        <NativeSelect
          label="Status"
          value={filters.status ?? ''}
          data={[{ value: '', label: 'Any status' }, ...workflowStatuses]}
          onChange={(event) => setFilters({ status: event.currentTarget.value || undefined })}
        />
        <NativeSelect
          label="Device"
          value={chosen ?? ''}
          data={[{ value: '', label: 'Any device' }, ...known, ...others]}
          onChange={(event) => setFilters({ device: event.currentTarget.value || undefined })}
        />
        {(filters.q || filters.status || chosen) && (
          <Button
            variant="subtle"
            onClick={() => {
              setText('');
              setFilters({ q: undefined, status: undefined, device: undefined });
            }}
          >
            Show all
          </Button>
        )}
      </Group>
    </search>
  );
}

function NewWorkflow() {
  const may = useMay('scientist');
  return (
    may && (
      <ButtonLink to="/workflows/new" leftSection={<Plus size={16} aria-hidden />}>
        New workflow
      </ButtonLink>
    )
  );
}

const NoneYet = () => (
  <Empty title="No workflows yet" icon={ListChecks} action={<NewWorkflow />}>
    A workflow says what is to be done with which samples, on which device, step by step.
  </Empty>
);

const NothingFound = () => (
  <Empty title="No matching workflows" icon={Search}>
    No workflow has this status, device and name. Remove a filter to see more.
  </Empty>
);
