import { Button, Center, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ClipboardCheck, Plus } from 'lucide-react';
import { fromHub } from '../../api/services.ts';
import { useMay } from '../../api/session.ts';
import { keptLive } from '../../live/refresh.ts';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { FindByCode } from './find-by-code.tsx';
import { TaskCard } from './task-card.tsx';

/** What each view asks for, and what stands there when there is nothing. */
const views = {
  open: {
    label: 'To do',
    query: { order: 'due', status: 'active' },
    empty: 'Nothing to do',
    text: 'Workflow steps that need a person appear here, and so do tasks that colleagues create.',
  },
  mine: {
    label: 'Mine',
    query: { order: 'due', status: 'active', mine: true },
    empty: 'You have no tasks',
    text: 'Tasks you took or were given appear here. Open tasks are under “To do”.',
  },
  done: {
    label: 'Done',
    query: { status: 'completed' },
    empty: 'Nothing has been done yet',
    text: 'Completed tasks stay here, with what was filled in.',
  },
  cancelled: {
    label: 'Cancelled',
    query: { status: 'cancelled' },
    empty: 'Nothing was cancelled',
    text: 'Tasks that were cancelled, with the reason.',
  },
} as const;
type View = keyof typeof views;
const isView = (text: string | undefined): text is View => text !== undefined && text in views;

/** Work for human hands: on a phone, the page at the bench. */
export default function TasksPage() {
  const [{ view: chosen, device }, setFilters] = useFilters<'view' | 'device'>();
  const view = isView(chosen) ? chosen : 'open';
  const { query: wanted, empty, text } = views[view];
  const query = useInfiniteQuery(
    keptLive(
      fromHub.pages('/tasks', { params: { query: { ...wanted, ...(device ? { device_id: device } : {}) } } }),
      'lab',
    ),
  );
  const tasks = query.data?.pages.flatMap((page) => page.tasks) ?? [];
  return (
    <>
      <PageHeader
        title="Tasks"
        actions={
          useMay('scientist') && (
            <Button component={Link} to="/tasks/new" leftSection={<Plus size={17} aria-hidden />}>
              New task
            </Button>
          )
        }
      >
        Work for people.
      </PageHeader>
      <Stack>
        <FindByCode onDevice={(id) => setFilters({ device: id, view: 'open' })} />
        <Group justify="space-between" gap="xs">
          <SegmentedControl
            aria-label="Which tasks"
            value={view}
            onChange={(next) => setFilters({ view: next === 'open' ? undefined : next })}
            data={Object.entries(views).map(([value, { label }]) => ({ value, label }))}
          />
          {device && (
            <Button variant="default" size="xs" onClick={() => setFilters({ device: undefined })}>
              Only at {device} · show all
            </Button>
          )}
        </Group>
        {query.isPending ? (
          <LoadingRows what="tasks" rows={4} />
        ) : query.error && tasks.length === 0 ? (
          <Failed error={query.error} retry={query.refetch} />
        ) : tasks.length === 0 ? (
          <Empty title={empty} icon={ClipboardCheck}>
            {text}
          </Empty>
        ) : (
          <>
            <Stack component="ul" gap="xs" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Tasks">
              {tasks.map((task) => (
                <TaskCard key={task.id} task={task} />
              ))}
            </Stack>
            <Center>
              {query.hasNextPage ? (
                <Button
                  variant="default"
                  loading={query.isFetchingNextPage}
                  onClick={() => void query.fetchNextPage()}
                >
                  Show more
                </Button>
              ) : (
                <Text size="sm" c="dimmed">
                  {tasks.length === 1 ? 'One in all' : `${tasks.length} in all`}
                </Text>
              )}
            </Center>
            <Failed error={query.error} retry={query.refetch} />
          </>
        )}
      </Stack>
    </>
  );
}
