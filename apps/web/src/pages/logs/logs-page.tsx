import { Button, Group, Stack, Switch, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { FileText } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useLive } from '../../live/live.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { ExportMenu } from './export-menu.tsx';
import type { Log } from './log.ts';
import { LogDrawer } from './log-drawer.tsx';
import { LogFilters, useLogQuery } from './log-filters.tsx';
import { LogRows } from './log-rows.tsx';
import { logPages } from './read-logs.ts';
import { withNewest } from './tail.ts';
import { useTail } from './use-tail.ts';

/** Rows that a browser holds without getting slow: beyond them one goes on from the time that was reached. */
const mostRows = 20_000;

/** What the devices did, over millions of rows: newest first, as far back as one scrolls. */
export default function LogsPage() {
  const asked = useLogQuery();
  return (
    <>
      <PageHeader title="Logs" actions={<ExportMenu asked={asked} />}>
        What the devices did, newest first.
      </PageHeader>
      <Stack>
        <LogFilters />
        <Found />
      </Stack>
    </>
  );
}

function Found() {
  const asked = useLogQuery();
  const [filters, setFilters] = useFilters<'to' | 'tail'>();
  const query = useInfiniteQuery(logPages(asked));
  const ended = asked.end !== undefined;
  const tailing = filters.tail !== 'off' && !ended;
  const { newest, error, look } = useTail(asked, tailing && query.isSuccess);
  const known = useMemo(() => query.data?.pages.flatMap((page) => page.execution_logs) ?? [], [query.data]);
  const { logs, gap } = useMemo(() => withNewest<Log>(known, newest), [known, newest]);
  const [opened, setOpened] = useState<Log>();
  const full = logs.length >= mostRows;
  const last = logs.at(-1);
  useLive('lab', look);

  if (query.isPending) return <LoadingRows what="logs" rows={12} />;
  if (query.error && logs.length === 0) return <Failed error={query.error} retry={query.refetch} />;
  return (
    <>
      <Group justify="space-between">
        <Text size="sm" c="dimmed" role="status">
          {logs.length.toLocaleString()}
          {query.hasNextPage ? '+' : ''} {logs.length === 1 ? 'row' : 'rows'}
        </Text>
        <Switch
          label="Follow live"
          checked={tailing}
          disabled={ended}
          onChange={({ currentTarget }) => setFilters({ tail: currentTarget.checked ? undefined : 'off' })}
        />
      </Group>
      <Failed error={error} />
      {gap && (
        <Group gap="xs">
          <Text size="sm">More has come than can be put before these rows.</Text>
          <Button size="compact-sm" variant="default" onClick={() => void query.refetch()}>
            Jump to the newest
          </Button>
        </Group>
      )}
      {logs.length === 0 ? (
        <Empty title="Nothing here yet" icon={FileText}>
          {Object.keys(asked).length > 0
            ? 'No operation matches these filters. Names must match exactly; a time is ISO 8601, a date is its whole day in UTC.'
            : 'Every operation of a device is recorded here.'}
        </Empty>
      ) : (
        <LogRows
          logs={logs}
          hasMore={query.hasNextPage && !full}
          loading={query.isFetchingNextPage}
          failed={query.isFetchNextPageError}
          onMore={query.fetchNextPage}
          onOpen={setOpened}
        />
      )}
      {query.isFetchNextPageError && <Failed error={query.error} retry={query.fetchNextPage} />}
      {full && last && (
        <Group justify="center">
          <Text size="sm">{mostRows.toLocaleString()} rows are as many as a page holds.</Text>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => setFilters({ to: last.started_at, tail: undefined })}
          >
            Show more
          </Button>
        </Group>
      )}
      <LogDrawer
        log={opened && (logs.find(({ id }) => id === opened.id) ?? opened)}
        onClose={() => setOpened(undefined)}
      />
    </>
  );
}
