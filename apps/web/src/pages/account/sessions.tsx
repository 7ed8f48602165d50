import { Button, Stack, Text, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { MonitorSmartphone } from 'lucide-react';
import { ask } from '../../api/ask.ts';
import { fromHub, hub } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { clientName } from '../../ui/client-name.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { Time } from '../../ui/time.tsx';

/** Where somebody is signed in. */
export function Sessions() {
  const query = useInfiniteQuery(fromHub.pages('/me/sessions', { params: { query: { limit: 20 } } }));
  const end = useAction({
    run: (id: string) => ask(hub.DELETE('/me/sessions/{id}', { params: { path: { id } } })),
    done: () => 'That session has ended.',
    changes: [['hub-service', '/me/sessions']],
  });
  return (
    <Stack gap="sm">
      <Title order={2} size="h4">
        Where you are signed in
      </Title>
      <Failed error={end.error} />
      <DataTable
        caption="Sessions"
        query={query}
        rows={(page) => page.sessions}
        rowKey={({ id }) => id}
        columns={[
          {
            key: 'what',
            title: 'With',
            cell: ({ user_agent, ip_address }) => (
              <Stack gap={0}>
                <Text size="sm" {...(user_agent ? { title: user_agent } : {})}>
                  {clientName(user_agent)}
                </Text>
                <Text size="xs" c="dimmed">
                  {ip_address}
                </Text>
              </Stack>
            ),
          },
          { key: 'since', title: 'Since', cell: ({ created_at }) => <Time at={created_at} /> },
          {
            key: 'end',
            title: 'End',
            cell: ({ id, current }) =>
              current ? (
                <Text size="sm">This one</Text>
              ) : (
                <Button size="compact-sm" variant="default" onClick={() => end.mutate(id)}>
                  End
                </Button>
              ),
          },
        ]}
        empty={<Empty title="No sessions" icon={MonitorSmartphone} />}
      />
    </Stack>
  );
}
