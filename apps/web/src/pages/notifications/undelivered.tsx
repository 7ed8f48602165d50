import { Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { MailCheck } from 'lucide-react';
import { fromHub } from '../../api/services.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Time } from '../../ui/time.tsx';

const channels: Record<string, string> = { email: 'Mail', webhook: 'Webhook', slack: 'Slack' };

/** For administrators: what did not reach somebody outside these pages, and why. */
export function Undelivered() {
  const query = useInfiniteQuery(fromHub.pages('/notifications/failures', { params: { query: {} } }));
  return (
    <DataTable
      caption="Undelivered messages"
      query={query}
      rows={({ deliveries }) => deliveries}
      rowKey={({ event_id, person_id, channel }) => `${event_id} ${person_id} ${channel}`}
      columns={[
        { key: 'title', title: 'Message', cell: ({ title }) => title },
        { key: 'channel', title: 'By', cell: ({ channel }) => channels[channel] ?? channel },
        {
          key: 'person',
          title: 'Account',
          cell: ({ person_id }) => <Text size="sm">{person_id}</Text>,
        },
        {
          key: 'state',
          title: 'State',
          cell: ({ state }) =>
            state === 'unknown' ? (
              <StatusBadge status="unknown" text="may have arrived" />
            ) : (
              <StatusBadge status="failed" />
            ),
        },
        {
          key: 'why',
          title: 'Why',
          cell: ({ error, attempts }) => (
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              {error ?? 'No answer'} · {attempts === 1 ? 'tried once' : `tried ${attempts} times`}
            </Text>
          ),
        },
        { key: 'ended', title: 'Given up', cell: ({ ended_at }) => <Time at={ended_at} /> },
      ]}
      empty={
        <Empty title="Everything was delivered" icon={MailCheck}>
          Mails, webhooks and Slack messages that could not be delivered appear here.
        </Empty>
      }
    />
  );
}
