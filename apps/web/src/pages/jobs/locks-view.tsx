import { Code, Stack, Text, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { KeyRound, Lock } from 'lucide-react';
import { readsOf } from '../../api/each-service.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { ServiceFilter, useServiceName } from '../../ui/service-filter.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Duration, Time } from '../../ui/time.tsx';
import { JobLink, JobsLink } from './links.tsx';
import { lookAgainMs } from './look-again.ts';

/** Who has what to himself: the keys of jobs, and the locks that programs hold. */
export default function LocksView() {
  const service = useServiceName();
  const keys = useInfiniteQuery({ ...readsOf(service).pages('/jobs/keys'), refetchInterval: lookAgainMs });
  const locks = useInfiniteQuery({ ...readsOf(service).pages('/locks'), refetchInterval: lookAgainMs });
  return (
    <Stack>
      <ServiceFilter />
      <Title order={2} size="h4">
        Keys of jobs
      </Title>
      <Text size="sm" c="dimmed">
        Of all jobs with the same key, one runs at a time; the others wait.
      </Text>
      <DataTable
        caption="Keys of jobs"
        query={keys}
        rows={({ keys: found }) => found}
        rowKey={({ key }) => key}
        columns={[
          {
            key: 'key',
            title: 'Key',
            cell: ({ key }) => (
              <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
                {key}
              </Text>
            ),
          },
          {
            key: 'holder',
            title: 'Held by',
            cell: ({ holder }) => (
              <>
                <JobLink service={service} id={holder.job}>
                  {holder.task}
                </JobLink>{' '}
                <StatusBadge status={holder.state} />
              </>
            ),
          },
          {
            key: 'since',
            title: 'Running for',
            cell: ({ holder }) =>
              holder.state === 'running' && holder.started_at ? <Duration since={holder.started_at} /> : '–',
          },
          {
            key: 'waiting',
            title: 'In line',
            align: 'right',
            cell: ({ key, waiting }) =>
              waiting === 0 ? (
                '0'
              ) : (
                <JobsLink search={{ view: 'jobs', service, state: 'waiting', key }}>
                  {waiting === 1_000 ? '1,000+' : waiting}
                </JobsLink>
              ),
          },
        ]}
        empty={
          <Empty title="No key is held" icon={KeyRound}>
            No job with a key is running.
          </Empty>
        }
      />
      <Title order={2} size="h4" mt="md">
        Locks
      </Title>
      <Text size="sm" c="dimmed">
        Held by programs under <Code>labwright lock run</Code>, which are found with the instruments.
      </Text>
      <DataTable
        caption="Locks"
        query={locks}
        rows={({ locks: found }) => found}
        rowKey={({ key }) => key}
        columns={[
          {
            key: 'key',
            title: 'Key',
            cell: ({ key }) => (
              <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
                {key}
              </Text>
            ),
          },
          {
            key: 'state',
            title: 'Held until',
            cell: ({ expired, expires_at }) =>
              expired ? <StatusBadge status="overdue" text="expired" /> : <Time at={expires_at} />,
          },
          { key: 'token', title: 'Token', align: 'right', cell: ({ token }) => token },
          { key: 'holder', title: 'Holder', cell: ({ holder }) => <Code>{holder}</Code> },
          {
            key: 'waiting',
            title: 'In line',
            align: 'right',
            cell: ({ waiting }) => (waiting === 1_000 ? '1,000+' : waiting),
          },
        ]}
        empty={
          <Empty title="No lock is held" icon={Lock}>
            A lock keeps a program alone on a key: <Code>labwright lock run KEY -- command</Code>
          </Empty>
        }
      />
    </Stack>
  );
}
