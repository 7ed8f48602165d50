import { useInfiniteQuery } from '@tanstack/react-query';
import { ChartColumn } from 'lucide-react';
import { fromHub } from '../../api/services.ts';
import { keptLive } from '../../live/refresh.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import type { Workflow } from './types.ts';

/** Values that were read in files of this workflow. */
export function Results({ workflow: { id: workflowId, status } }: { workflow: Workflow }) {
  const over = status === 'completed' || status === 'cancelled';
  const query = useInfiniteQuery(
    keptLive(
      fromHub.pages('/results', { params: { query: { workflow_id: workflowId } } }),
      `run:${workflowId}`,
    ),
  );
  return (
    <DataTable
      caption="Results"
      query={query}
      rows={(page) => page.results}
      rowKey={({ id }) => id}
      columns={[
        { key: 'plate', title: 'Plate', cell: ({ plate_id }) => plate_id ?? '—' },
        { key: 'well', title: 'Well', cell: ({ well }) => well },
        { key: 'measurement', title: 'Measurement', cell: ({ measurement }) => measurement },
        { key: 'value', title: 'Value', cell: ({ value, note }) => value ?? note ?? '—', align: 'right' },
        { key: 'unit', title: 'Unit', cell: ({ unit }) => unit ?? '' },
      ]}
      empty={
        <Empty title={over ? 'It ended without results from files' : 'No results yet'} icon={ChartColumn}>
          What an instrument measured during a step is shown with the step. Values from a file appear here
          {over ? ' where you still upload it under Files.' : ' after you upload it under Files.'}
        </Empty>
      }
    />
  );
}
