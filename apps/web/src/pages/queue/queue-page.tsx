import { Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { ListOrdered } from 'lucide-react';
import { useHolderWait } from '../../api/holder-wait.ts';
import type { Device } from '../../api/overview.ts';
import { fromDevices } from '../../api/services.ts';
import { keptLive } from '../../live/refresh.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { HolderWaitText } from '../../ui/holder-wait.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { PageLink } from '../../ui/page-link.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { about, shortTime } from '../../ui/times.ts';
import { WorkflowLink } from '../../ui/workflow-link.tsx';

/** Who has which device, how many wait for it, and when it is free. */
export default function QueuePage() {
  const query = useInfiniteQuery(
    keptLive(fromDevices.pages('/overview', { params: { query: { limit: 50 } } }), 'lab'),
  );
  return (
    <>
      <PageHeader title="Queue">Who has which device, and how many wait for it.</PageHeader>
      <DataTable
        caption="Queues of the laboratory"
        query={query}
        rows={(page) => page.devices}
        rowKey={({ id }) => id}
        columns={[
          {
            key: 'device',
            title: 'Device',
            cell: ({ id, name }) => (
              <PageLink to="/queue/$device" params={{ device: id }} fw={600}>
                {name}
              </PageLink>
            ),
          },
          {
            key: 'status',
            title: 'Status',
            cell: ({ status, paused }) => <StatusBadge status={paused ? 'paused' : status} />,
          },
          { key: 'waiting', title: 'Waiting', cell: ({ queue_length }) => queue_length, align: 'right' },
          {
            key: 'holder',
            title: 'Held by',
            cell: ({ booking }) => (booking ? <WorkflowLink id={booking.workflow_id} /> : '—'),
          },
          {
            key: 'free',
            title: 'Free',
            cell: (device) => <Free device={device} />,
          },
        ]}
        empty={
          <Empty title="No devices yet" icon={ListOrdered}>
            Each device has a queue of its own, once there is one.
          </Empty>
        }
      />
    </>
  );
}

function Free({ device }: { device: Device }) {
  const { free, status } = device;
  const wait = useHolderWait(device);
  if (wait)
    return (
      <Text size="sm">
        <HolderWaitText wait={wait} />
      </Text>
    );
  if (status === 'available') return 'now';
  if (free.seconds === null || free.at === null) return 'not known';
  return (
    <Text size="sm">
      in {about(free.seconds)}, at {shortTime(free.at)}
    </Text>
  );
}
