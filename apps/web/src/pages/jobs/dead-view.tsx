import { Button, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { PartyPopper, RotateCcw, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { ask } from '../../api/ask.ts';
import { clientOf, readsOf, type ServiceName } from '../../api/each-service.ts';
import { useMay, useSession } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { ConfirmWithReason } from '../../ui/confirm-with-reason.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { FilterField } from '../../ui/filter-field.tsx';
import { ServiceFilter, useServiceName } from '../../ui/service-filter.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { JobActions } from './job-actions.tsx';
import { jobColumns } from './job-columns.tsx';
import type { JobRow } from './job-row.ts';

/** Jobs that did not succeed and wait for somebody: bring them back, or let them go. */
export default function DeadView() {
  const service = useServiceName();
  const [{ queue, task, error }, setFilters] = useFilters<'queue' | 'task' | 'error'>();
  const filter = { ...(queue ? { queue } : {}), ...(task ? { task } : {}), ...(error ? { error } : {}) };
  const query = useInfiniteQuery(readsOf(service).pages('/jobs/dead', { params: { query: filter } }));
  const columns: Column<JobRow>[] = [
    ...jobColumns(service).filter(({ key }) => !['key', 'created'].includes(key)),
    {
      key: 'error',
      title: 'What went wrong',
      cell: ({ error_name, error_message }) => (
        <>
          <Text size="sm" fw={600}>
            {error_name ?? 'Unknown'}
          </Text>
          <Text size="sm" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
            {error_message}
          </Text>
        </>
      ),
    },
    {
      key: 'actions',
      title: 'Actions',
      cell: (job) => <JobActions service={service} job={job} />,
    },
  ];
  const some = (query.data?.pages[0]?.jobs.length ?? 0) > 0;
  return (
    <Stack>
      <Group justify="space-between">
        <ServiceFilter />
        {some && (
          <Group gap="xs">
            <ManyAction service={service} filter={filter} verb="requeue" />
            <ManyAction service={service} filter={filter} verb="drop" />
          </Group>
        )}
      </Group>
      <SimpleGrid cols={{ base: 2, sm: 3 }}>
        <FilterField label="Queue" value={queue} onChange={(value) => setFilters({ queue: value })} />
        <FilterField label="Task" value={task} onChange={(value) => setFilters({ task: value })} />
        <FilterField
          label="Error"
          value={error}
          onChange={(value) => setFilters({ error: value })}
          placeholder="TimeoutError"
        />
      </SimpleGrid>
      <DataTable
        caption="Dead letters"
        query={query}
        rows={({ jobs }) => jobs}
        rowKey={({ id }) => id}
        columns={columns}
        empty={
          <Empty title="No dead letters" icon={PartyPopper}>
            Every job of this service succeeded, or is still tried. One that fails for good, or whose attempts
            are used up, waits here.
          </Empty>
        }
      />
    </Stack>
  );
}

interface Filter {
  queue?: string;
  task?: string;
  error?: string;
}

const words = {
  requeue: {
    button: 'Bring all back',
    title: 'Bring these dead letters back?',
    text: 'Each starts again with all its attempts. Fix what made them fail first, or they will soon be back here.',
    done: (count: number) => `${count} brought back`,
    role: 'operator',
    icon: RotateCcw,
  },
  drop: {
    button: 'Delete all',
    title: 'Delete these dead letters?',
    text: 'They are deleted for good, with their arguments and errors. Their work will not be done.',
    done: (count: number) => `${count} deleted`,
    role: 'admin',
    icon: Trash2,
  },
} as const;

/** All that the filters show, in batches, until none is left. */
function ManyAction({
  service,
  filter,
  verb,
}: {
  service: ServiceName;
  filter: Filter;
  verb: 'requeue' | 'drop';
}) {
  const { button, title, text, done, role, icon: Icon } = words[verb];
  const may = useMay(role);
  const session = useSession();
  const [asking, setAsking] = useState(false);
  const [soFar, setSoFar] = useState<number>();
  const action = useAction<string, number>({
    run: async (reason) => {
      let all = 0;
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const answer = await ask(
          clientOf(service).POST(`/jobs/dead/${verb}`, {
            body: { ...filter, limit: 500, ...(reason ? { reason } : {}), ...(cursor ? { cursor } : {}) },
          }),
        );
        all += answer.done;
        setSoFar(all);
        cursor = answer.next_cursor;
      }
      return all;
    },
    done,
    changes: [
      [service, '/jobs/dead'],
      [service, '/jobs/queues'],
    ],
  });
  if (!may) return null;
  const which = Object.entries(filter);
  return (
    <>
      <Button
        size="sm"
        variant="default"
        leftSection={<Icon size={16} aria-hidden />}
        onClick={() => {
          setSoFar(undefined);
          setAsking(true);
        }}
      >
        {button}
      </Button>
      <ConfirmWithReason
        opened={asking}
        onClose={() => setAsking(false)}
        title={title}
        confirm={button}
        dangerous={verb === 'drop'}
        reason={session.kind === 'person' ? 'needed' : 'asked'}
        onConfirm={action.mutateAsync}
      >
        {which.length === 0
          ? 'Every dead letter of this service. '
          : `Those with ${which.map(([name, value]) => `${name} ${value}`).join(', ')}. `}
        {text}
        {action.isPending && soFar !== undefined && (
          <Text size="sm" mt="xs" role="status">
            {done(soFar)} so far …
          </Text>
        )}
      </ConfirmWithReason>
    </>
  );
}
