import { Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { ScrollText } from 'lucide-react';
import { fromDevices } from '../../api/services.ts';
import { keptLive } from '../../live/refresh.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Time } from '../../ui/time.tsx';
import { took } from '../../ui/times.ts';
import { Values } from '../../ui/values.tsx';

/** What the devices did for this workflow, newest first. */
export function Log({ workflowId }: { workflowId: string }) {
  const query = useInfiniteQuery(
    keptLive(
      fromDevices.pages('/execution-logs', { params: { query: { workflow_id: workflowId } } }),
      `run:${workflowId}`,
    ),
  );
  return (
    <DataTable
      caption="Log of this workflow"
      query={query}
      rows={(page) => (typeof page === 'string' ? [] : page.execution_logs)}
      rowKey={({ id }) => id}
      columns={[
        { key: 'at', title: 'Began', cell: ({ started_at }) => <Time at={started_at} exact /> },
        { key: 'operation', title: 'Operation', cell: ({ operation }) => operation.replaceAll('_', ' ') },
        { key: 'status', title: 'Status', cell: ({ status }) => <StatusBadge status={status} /> },
        {
          key: 'took',
          title: 'Took',
          cell: ({ duration_ms }) => (duration_ms === null ? '—' : took(duration_ms)),
          align: 'right',
        },
        {
          key: 'result',
          title: 'Result',
          cell: ({ result, error }) =>
            error ? (
              <Text size="sm">{error.message}</Text>
            ) : (
              <Values bare title="Result" values={result ?? {}} />
            ),
        },
      ]}
      empty={
        <Empty title="Nothing has been done yet" icon={ScrollText}>
          Every operation that a device carries out for this workflow appears here.
        </Empty>
      }
    />
  );
}
