import { Anchor, Button, Card, Center, Group, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { BellOff, CheckCheck } from 'lucide-react';
import { ask } from '../../api/ask.ts';
import { fromHub, hub } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Time } from '../../ui/time.tsx';
import { pageOfLink } from './page-of-link.ts';

const changes = [
  ['hub-service', '/notifications'],
  ['hub-service', '/notifications/unread'],
];
const looks: Record<string, string> = { critical: 'failed', warning: 'overdue' };

/** The bell asks anew when something comes, and this list with it. */
export function Inbox({ unread }: { unread: boolean }) {
  const query = useInfiniteQuery(
    fromHub.pages('/notifications', { params: { query: { limit: 30, ...(unread ? { unread } : {}) } } }),
  );
  const read = useAction({
    run: (id: string) => ask(hub.POST('/notifications/{id}/read', { params: { path: { id } } })),
    changes,
  });
  const readAll = useAction({
    run: (upTo: string) => ask(hub.POST('/notifications/read', { body: { up_to: upTo } })),
    changes,
  });
  if (query.isPending) return <LoadingRows what="notifications" />;
  const found = query.data?.pages.flatMap(({ notifications }) => notifications) ?? [];
  if (query.error && found.length === 0) return <Failed error={query.error} retry={query.refetch} />;
  const [newest] = found;
  if (!newest)
    return (
      <Empty title={unread ? 'You are up to date' : 'No notifications yet'} icon={BellOff}>
        What you subscribed to appears here, and what concerns you personally.
      </Empty>
    );
  return (
    <Stack>
      {found.some(({ read_at }) => read_at === null) && (
        <Group>
          <Button
            variant="default"
            size="xs"
            leftSection={<CheckCheck size={16} aria-hidden />}
            loading={readAll.isPending}
            onClick={() => readAll.mutate(newest.id)}
          >
            Mark all as read
          </Button>
        </Group>
      )}
      <Failed error={readAll.error ?? read.error} />
      <Stack component="ul" gap="xs" p={0} m={0} style={{ listStyle: 'none' }} aria-label="Notifications">
        {found.map(({ id, title, text, severity, link, occurred_at, read_at }) => {
          const page = pageOfLink(link);
          return (
            <Card key={id} component="li" withBorder bg="var(--lab-surface)" padding="sm">
              <Group justify="space-between" align="flex-start" wrap="nowrap">
                <Stack gap={2} miw={0}>
                  {page ? (
                    <Anchor
                      component={Link}
                      to={page.to}
                      search={page.search as never}
                      fw={read_at === null ? 700 : 400}
                      onClick={() => read_at === null && read.mutate(id)}
                    >
                      {title}
                    </Anchor>
                  ) : (
                    <Text fw={read_at === null ? 700 : 400}>{title}</Text>
                  )}
                  {text && (
                    <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                      {text}
                    </Text>
                  )}
                  <Text size="xs" c="dimmed">
                    <Time at={occurred_at} />
                    {read_at === null ? ' · unread' : ''}
                  </Text>
                </Stack>
                <Stack gap={4} align="flex-end">
                  {severity !== 'info' && (
                    <StatusBadge status={looks[severity] ?? severity} text={severity} />
                  )}
                  {read_at === null && (
                    <Button
                      size="compact-xs"
                      variant="default"
                      aria-label={`Mark as read: “${title}”`}
                      onClick={() => read.mutate(id)}
                    >
                      Mark as read
                    </Button>
                  )}
                </Stack>
              </Group>
            </Card>
          );
        })}
      </Stack>
      {query.hasNextPage && (
        <Center>
          <Button
            variant="default"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show more
          </Button>
        </Center>
      )}
      <Failed error={query.error} retry={query.refetch} />
    </Stack>
  );
}
