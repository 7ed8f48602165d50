import { useInfiniteQuery } from '@tanstack/react-query';
import { Grid3x3 } from 'lucide-react';
import { fromWorkflows } from '../../api/services.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { PageLink } from '../../ui/page-link.tsx';
import { Time } from '../../ui/time.tsx';

export default function PlatesPage() {
  const query = useInfiniteQuery(fromWorkflows.pages('/plates', { params: { query: { limit: 50 } } }));
  return (
    <>
      <PageHeader title="Plates">Plates and their samples.</PageHeader>
      <DataTable
        caption="Plates"
        query={query}
        rows={(page) => page.plates}
        rowKey={({ id }) => id}
        columns={[
          {
            key: 'id',
            title: 'Plate',
            cell: ({ id }) => (
              <PageLink to="/plates/$id" params={{ id }} inherit>
                {id}
              </PageLink>
            ),
          },
          { key: 'name', title: 'Name', cell: ({ name }) => name },
          { key: 'size', title: 'Wells', cell: ({ rows, columns }) => `${rows} × ${columns}` },
          { key: 'made', title: 'Made', cell: ({ created_at }) => <Time at={created_at} /> },
        ]}
        empty={
          <Empty title="No plates yet" icon={Grid3x3}>
            An import of samples makes the plates that its file names.
          </Empty>
        }
      />
    </>
  );
}
