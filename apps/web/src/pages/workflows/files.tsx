import { Button, FileButton, Group, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Download, Files as FilesIcon, FileUp } from 'lucide-react';
import { ask } from '../../api/ask.ts';
import { sendFile } from '../../api/send-file.ts';
import { fromHub, hub } from '../../api/services.ts';
import { useMay } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { keptLive } from '../../live/refresh.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { sizeText } from '../../ui/file-size.ts';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Time } from '../../ui/time.tsx';

/** Files of this workflow: what was uploaded, and how it is read. */
export function Files({ workflowId }: { workflowId: string }) {
  const may = useMay('scientist');
  const query = useInfiniteQuery(
    keptLive(
      fromHub.pages('/files', { params: { query: { workflow_id: workflowId } } }),
      `run:${workflowId}`,
    ),
  );
  const send = useAction({
    run: (file: File) => sendFile(file, { of: { workflow_id: workflowId } }),
    done: ({ name }) => `${name} is uploaded`,
    changes: [
      ['hub-service', '/files'],
      ['hub-service', '/results'],
    ],
  });
  const fetchFile = useAction({
    run: (id: string) => ask(hub.POST('/files/{id}/links', { params: { path: { id } } })),
    onDone: ({ url }) => location.assign(url),
  });
  return (
    <Stack gap="sm">
      {may && (
        <Group>
          <FileButton onChange={(file) => file && send.mutate(file)}>
            {(props) => (
              <Button
                {...props}
                variant="default"
                loading={send.isPending}
                leftSection={<FileUp size={16} aria-hidden />}
              >
                Upload a file
              </Button>
            )}
          </FileButton>
          <Text size="sm" c="dimmed">
            Plate reader tables are turned into results.
          </Text>
        </Group>
      )}
      <Failed error={send.error ?? fetchFile.error} />
      <DataTable
        caption="Files"
        query={query}
        rows={(page) => page.files}
        rowKey={({ id }) => id}
        columns={[
          {
            key: 'name',
            title: 'Name',
            cell: ({ id, name, status }) =>
              status === 'ready' ? (
                <Button
                  variant="transparent"
                  size="compact-sm"
                  p={0}
                  leftSection={<Download size={14} aria-hidden />}
                  onClick={() => fetchFile.mutate(id)}
                  aria-label={`Download ${name}`}
                >
                  {name}
                </Button>
              ) : (
                name
              ),
          },
          {
            key: 'status',
            title: 'Status',
            cell: ({ status, status_reason }) => (
              <>
                <StatusBadge status={status} />
                {status_reason && <Text size="xs">{status_reason}</Text>}
              </>
            ),
          },
          {
            key: 'results',
            title: 'Results',
            cell: ({ results_status, results_count, results_reason }) =>
              results_status === 'done' ? `${results_count ?? 0} values` : (results_reason ?? results_status),
          },
          { key: 'size', title: 'Size', cell: ({ size }) => sizeText(size), align: 'right' },
          {
            key: 'by',
            title: 'Uploaded',
            cell: ({ owner_name, created_at }) => (
              <Text size="sm">
                <Time at={created_at} /> by {owner_name}
              </Text>
            ),
          },
        ]}
        empty={
          <Empty title="No files yet" icon={FilesIcon}>
            Raw data, photographs, tables: anything that belongs to this workflow.
          </Empty>
        }
      />
    </Stack>
  );
}
