import { Card, Group, List, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { Cpu } from 'lucide-react';
import { readsOf, type ServiceName, serviceLabel, serviceNames } from '../../api/each-service.ts';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { LoadingCards } from '../../ui/loading.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Duration } from '../../ui/time.tsx';
import type { WorkerRow } from './job-row.ts';
import { JobLink } from './links.tsx';
import { lookAgainMs } from './look-again.ts';

/** The processes that carry jobs out: since when, for which queues, and what each has in hand. */
export default function WorkersView() {
  const answers = useQueries({
    queries: serviceNames.map((service) => ({
      ...readsOf(service).read('/jobs/workers', { params: { query: { limit: 100 } } }),
      refetchInterval: lookAgainMs,
    })),
  });
  const workers = answers.flatMap(({ data }, index) =>
    (data?.workers ?? []).map((worker) => ({ worker, service: serviceNames[index] ?? 'hub-service' })),
  );
  const more = answers.some(({ data }) => data?.next_cursor);
  return (
    <Stack>
      {answers.map(({ error, refetch }, index) => (
        <Failed key={serviceNames[index]} error={error} retry={refetch} />
      ))}
      {workers.length === 0 && answers.some(({ isPending }) => isPending) && (
        <LoadingCards what="workers" cards={3} />
      )}
      {workers.length === 0 && answers.every(({ isSuccess }) => isSuccess) && (
        <Empty title="Nobody works" icon={Cpu}>
          No worker is on record. The services have workers of their own unless they were told otherwise;
          start further ones with <code>labwright worker</code>.
        </Empty>
      )}
      <SimpleGrid cols={{ base: 1, md: 2, xl: 3 }}>
        {workers.map(({ worker, service }) => (
          <WorkerCard key={`${service} ${worker.id}`} worker={worker} service={service} />
        ))}
      </SimpleGrid>
      {more && <Text size="sm">Only the first hundred of a service are shown.</Text>}
    </Stack>
  );
}

function WorkerCard({ worker, service }: { worker: WorkerRow; service: ServiceName }) {
  const { id, name, connected, running, jobs, queues, started_at } = worker;
  const state = connected === false ? 'unknown' : running > 0 ? 'busy' : 'available';
  return (
    <Card
      withBorder
      bg="var(--lab-surface)"
      component="section"
      aria-label={`Worker ${id} of ${serviceLabel[service]}`}
    >
      <Group justify="space-between" align="flex-start">
        <div>
          <Title order={2} size="h5">
            {name}
          </Title>
          <Text size="xs" c="dimmed">
            {serviceLabel[service]} · worker {id} · since <Duration since={started_at} />
          </Text>
        </div>
        <StatusBadge
          status={state}
          text={
            connected === false
              ? 'out of sight'
              : running > 0
                ? `${running === 1_000 ? '1,000+' : running} in hand`
                : 'idle'
          }
        />
      </Group>
      <Text size="sm" mt="xs" style={{ overflowWrap: 'anywhere' }}>
        {queues.join(', ')}
      </Text>
      {jobs.length > 0 && (
        <List size="sm" mt="xs" spacing={2}>
          {jobs.map(({ id: job, task, key, started_at: begun, cancel_asked, progress }) => (
            <List.Item key={job}>
              <JobLink service={service} id={job}>
                {task}
              </JobLink>
              {key && ` on ${key}`}
              {begun && (
                <>
                  , for <Duration since={begun} />
                </>
              )}
              {progress !== null && `, ${Math.round(progress * 100)} %`}
              {cancel_asked && ', told to stop'}
            </List.Item>
          ))}
        </List>
      )}
      {running > jobs.length && (
        <Text size="sm" c="dimmed">
          and {running - jobs.length} more
        </Text>
      )}
    </Card>
  );
}
