import { Button, Stack, Text, Tooltip } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Download, Files } from 'lucide-react';
import { ask } from '../../api/ask.ts';
import { fromHub, hub } from '../../api/services.ts';
import { useMay } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { sizeText } from '../../ui/file-size.ts';
import { PageHeader } from '../../ui/page-header.tsx';
import { PageLink } from '../../ui/page-link.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Time } from '../../ui/time.tsx';
import { UploadBox } from './upload-box.tsx';

/** While a file is on its way or being read, it is looked at this often. */
const lookEveryMs = 2_000;

/** What people and instruments sent. */
export default function FilesPage() {
  const maySend = useMay('scientist');
  const query = useInfiniteQuery({
    ...fromHub.pages('/files', { params: { query: { limit: 30 } } }),
    refetchInterval: ({ state }) =>
      state.data?.pages[0]?.files.some(
        ({ status, results_status }) => status === 'received' || results_status === 'pending',
      )
        ? lookEveryMs
        : false,
  });
  const usage = useQuery(fromHub.read('/files/usage'));
  const fetchBytes = useAction({
    run: (id: string) => ask(hub.POST('/files/{id}/links', { params: { path: { id } } })),
    // The link is good for some minutes, and answers with a download.
    onDone: ({ url }) => location.assign(url),
  });
  return (
    <>
      <PageHeader title="Files">
        {usage.data
          ? `You use ${sizeText(usage.data.bytes)} of ${sizeText(usage.data.quota_bytes)}.`
          : 'Files from people and instruments.'}
      </PageHeader>
      <Stack>
        {maySend && <UploadBox />}
        <Failed error={fetchBytes.error} />
        <DataTable
          caption="Files"
          query={query}
          rows={(page) => page.files}
          rowKey={({ id }) => id}
          columns={[
            {
              key: 'name',
              title: 'Name',
              cell: ({ id, name, status, size }) => (
                <Stack gap={0}>
                  {status === 'ready' ? (
                    <Button
                      variant="transparent"
                      size="compact-sm"
                      w="fit-content"
                      px={0}
                      leftSection={<Download size={15} aria-hidden />}
                      aria-label={`Download ${name}`}
                      onClick={() => fetchBytes.mutate(id)}
                    >
                      {name}
                    </Button>
                  ) : (
                    <Text size="sm">{name}</Text>
                  )}
                  <Text size="xs" c="dimmed">
                    {sizeText(size)}
                  </Text>
                </Stack>
              ),
            },
            {
              key: 'status',
              title: 'Status',
              cell: ({ status, status_reason }) => (
                <Stack gap={2} align="flex-start">
                  <StatusBadge status={status === 'ready' ? 'done' : status} text={status} />
                  {status_reason && <Text size="xs">{status_reason}</Text>}
                </Stack>
              ),
            },
            {
              key: 'results',
              title: 'Results',
              cell: ({ results_status, results_count, results_reason, plate_id, faults }) =>
                results_status === 'none' ? (
                  '—'
                ) : results_status === 'done' ? (
                  <>
                    {results_count} values
                    {plate_id && (
                      <>
                        {' of '}
                        <PageLink to="/plates/$id" params={{ id: plate_id }} inherit underline="always">
                          {plate_id}
                        </PageLink>
                      </>
                    )}
                  </>
                ) : results_status === 'failed' ? (
                  <Stack gap={0}>
                    <Text size="sm">{results_reason}</Text>
                    {faults?.slice(0, 5).map(({ line, message }) => (
                      <Text key={`${line} ${message}`} size="xs">
                        Line {line}: {message}
                      </Text>
                    ))}
                  </Stack>
                ) : (
                  'being read'
                ),
            },
            {
              key: 'owner',
              title: 'From',
              cell: ({ owner_name, created_at }) => (
                <Tooltip label={owner_name}>
                  <span>
                    {owner_name}, <Time at={created_at} />
                  </span>
                </Tooltip>
              ),
            },
          ]}
          empty={
            <Empty title="No files yet" icon={Files}>
              Tables of plate readers, photographs, raw data: what is sent here is checked, and results are
              read in it.
            </Empty>
          }
        />
      </Stack>
    </>
  );
}
