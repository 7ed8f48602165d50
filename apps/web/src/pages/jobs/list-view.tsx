import { Group, Select, SimpleGrid, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { readsOf } from '../../api/each-service.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { FilterField } from '../../ui/filter-field.tsx';
import { ServiceFilter, useServiceName } from '../../ui/service-filter.tsx';
import { Time } from '../../ui/time.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { jobColumns } from './job-columns.tsx';
import { isJobState, jobStates } from './job-row.ts';
import { lookAgainMs } from './look-again.ts';

/** Jobs of one service by what is known of them, newest first. */
export default function ListView() {
  const service = useServiceName();
  const [{ state, queue, task, key }, setFilters] = useFilters<'state' | 'queue' | 'task' | 'key'>();
  const query = useInfiniteQuery({
    ...readsOf(service).pages('/jobs', {
      params: {
        query: {
          ...(isJobState(state) ? { state } : {}),
          ...(queue ? { queue } : {}),
          ...(task ? { task } : {}),
          ...(key ? { key } : {}),
        },
      },
    }),
    refetchInterval: ({ state: { data } }) => ((data?.pages.length ?? 0) > 1 ? false : lookAgainMs),
  });
  const lookedTo = query.hasNextPage ? query.data?.pages.at(-1)?.looked_back_to : null;
  return (
    <Stack>
      <Group>
        <ServiceFilter />
      </Group>
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        <Select
          label="State"
          size="sm"
          clearable
          clearButtonProps={{ 'aria-label': 'Clear State' }}
          placeholder="Any"
          value={isJobState(state) ? state : null}
          onChange={(value) => setFilters({ state: value ?? undefined })}
          data={jobStates.map((value) => ({ value, label: value }))}
        />
        <FilterField label="Queue" value={queue} onChange={(value) => setFilters({ queue: value })} />
        <FilterField label="Task" value={task} onChange={(value) => setFilters({ task: value })} />
        <FilterField label="Key" value={key} onChange={(value) => setFilters({ key: value })} />
      </SimpleGrid>
      <DataTable
        caption="Jobs"
        query={query}
        rows={({ jobs }) => jobs}
        rowKey={({ id }) => id}
        columns={jobColumns(service)}
        empty={
          <Empty title="No job fits">
            Jobs that have ended are deleted after some days. Names of queues, tasks and keys are compared as
            they are.
          </Empty>
        }
      />
      {lookedTo && (
        <Text size="sm" c="dimmed" ta="center">
          Looked back <Time at={lookedTo} /> so far.
        </Text>
      )}
    </Stack>
  );
}
