import { Alert, Button, Group, List, Stack, Table, Text, Tooltip } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { CirclePause, CirclePlay, TriangleAlert, X } from 'lucide-react';
import { useState } from 'react';
import { ask } from '../../api/ask.ts';
import { clientOf, readsOf, type ServiceName, serviceLabel, serviceNames } from '../../api/each-service.ts';
import { useMay, useSession } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { ConfirmWithReason } from '../../ui/confirm-with-reason.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { HiddenTitle, TableFrame } from '../../ui/table-frame.tsx';
import { duration } from '../../ui/times.ts';
import { useFilters } from '../../ui/use-filters.ts';
import Charts from './charts.tsx';
import { JobsLink } from './links.tsx';
import { lookAgainMs } from './look-again.ts';
import { count, rate } from './nice.ts';

/** Every queue of every service, what is wrong with it first, and how it went. */
export default function QueuesView() {
  const [{ service, queue }, setFilters] = useFilters<'service' | 'queue'>();
  const answers = useQueries({
    queries: serviceNames.map((one) => ({
      ...readsOf(one).read('/jobs/queues'),
      refetchInterval: lookAgainMs,
    })),
  });
  const rows = answers.flatMap(({ data }, index) =>
    (data?.queues ?? []).map((one) => ({
      ...one,
      service: serviceNames[index] ?? 'hub-service',
      more: new Set(data?.more),
    })),
  );
  const failed = answers.flatMap(({ error, refetch }, index) =>
    error ? [{ error, refetch, service: serviceNames[index] }] : [],
  );
  const warnings = rows.flatMap(({ service: of, name, warnings: own }) =>
    own.map((warning) => ({ ...warning, service: of, queue: name })),
  );
  const pending = answers.some(({ isPending }) => isPending);

  return (
    <Stack>
      {failed.map(({ error, refetch, service: of }) => (
        <Failed key={of} error={error} retry={refetch} />
      ))}
      {warnings.length > 0 && (
        <Alert
          color="yellow"
          variant="outline"
          bg="var(--lab-surface)"
          icon={<TriangleAlert aria-hidden />}
          title={
            <Text span fw={700} size="sm" c="var(--mantine-color-text)">
              {warnings.length === 1 ? 'One thing wants a look' : `${warnings.length} things want a look`}
            </Text>
          }
        >
          <List size="sm" spacing={4}>
            {warnings.map(({ code, text, service: of, queue: name }) => (
              <List.Item key={`${of} ${name} ${code}`}>
                {text}{' '}
                {code === 'dead_letters' && (
                  <JobsLink search={{ view: 'dead', service: of, queue: name }} inText>
                    See them
                  </JobsLink>
                )}
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
      {queue && (
        <Group gap="xs">
          <Text size="sm">
            The charts are of <b>{queue}</b>.
          </Text>
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<X size={14} aria-hidden />}
            onClick={() => setFilters({ service: undefined, queue: undefined })}
          >
            All queues
          </Button>
        </Group>
      )}
      <Charts />
      {pending && rows.length === 0 ? (
        <LoadingRows what="queues" />
      ) : rows.length === 0 && failed.length === 0 ? (
        <Empty title="No queue yet">
          Queues appear as soon as a worker serves them or a job waits in them.
        </Empty>
      ) : (
        <TableFrame label="Queues" cards>
          <Table verticalSpacing="xs" highlightOnHover>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">Queue</Table.Th>
                <Table.Th scope="col">State</Table.Th>
                <Table.Th scope="col" data-align="right">
                  Ready
                </Table.Th>
                <Table.Th scope="col" data-align="right">
                  Running
                </Table.Th>
                <Table.Th scope="col" data-align="right">
                  <Tooltip label="Waiting for a key, for their time, or for another try">
                    <span>Later</span>
                  </Tooltip>
                </Table.Th>
                <Table.Th scope="col" data-align="right">
                  Dead
                </Table.Th>
                <Table.Th scope="col" data-align="right">
                  Oldest
                </Table.Th>
                <Table.Th scope="col" data-align="right">
                  Rate
                </Table.Th>
                <Table.Th scope="col" data-align="right">
                  Workers
                </Table.Th>
                <Table.Th scope="col">
                  <HiddenTitle>Actions</HiddenTitle>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row) => (
                <QueueRow
                  key={`${row.service} ${row.name}`}
                  row={row}
                  chosen={row.name === queue && row.service === service}
                />
              ))}
            </Table.Tbody>
          </Table>
        </TableFrame>
      )}
    </Stack>
  );
}

interface QueueRowProps {
  row: {
    service: ServiceName;
    name: string;
    paused: boolean;
    workers: number;
    depth: Record<
      'scheduled' | 'waiting' | 'ready' | 'sent' | 'running' | 'retrying' | 'failed' | 'dead',
      number
    >;
    oldest_ready_seconds: number | null;
    ended_per_second: number;
    limit: { starts: number; per_ms: number } | null;
    warnings: readonly { code: string }[];
    more: ReadonlySet<string>;
  };
  chosen: boolean;
}

function QueueRow({ row, chosen }: QueueRowProps) {
  const { service, name, depth, more, workers, limit } = row;
  const nobody = row.warnings.some(({ code }) => code === 'nobody_listens');
  const state = row.paused ? 'paused' : nobody ? 'nobody listens' : workers === 0 ? 'no worker' : 'active';
  const badge = <StatusBadge status={nobody ? 'unknown' : state} text={state} />;
  const later = depth.scheduled + depth.waiting + depth.retrying;
  return (
    <Table.Tr data-chosen={chosen || undefined}>
      <Table.Td>
        <JobsLink search={{ service, queue: name }} strong>
          {name}
        </JobsLink>
        <Text size="xs" c="dimmed">
          {serviceLabel[service]}
          {limit && ` · at most ${limit.starts} in ${duration(limit.per_ms / 1_000)}`}
        </Text>
      </Table.Td>
      <Table.Td data-label="State">{badge}</Table.Td>
      <Table.Td data-align="right" data-label="Ready">
        {count(depth.ready + depth.sent, more.has('ready') || more.has('sent'))}
      </Table.Td>
      <Table.Td data-align="right" data-label="Running">
        {count(depth.running, more.has('running'))}
      </Table.Td>
      <Table.Td data-align="right" data-label="Later">
        {count(
          later,
          ['scheduled', 'waiting', 'retrying'].some((one) => more.has(one)),
        )}
      </Table.Td>
      <Table.Td data-align="right" data-label="Dead">
        {depth.failed + depth.dead === 0 ? (
          '0'
        ) : (
          <JobsLink search={{ view: 'dead', service, queue: name }}>
            {count(depth.failed + depth.dead, more.has('failed') || more.has('dead'))}
          </JobsLink>
        )}
      </Table.Td>
      <Table.Td data-align="right" data-label="Oldest">
        {row.oldest_ready_seconds === null ? '–' : duration(row.oldest_ready_seconds)}
      </Table.Td>
      <Table.Td data-align="right" data-label="Rate">
        {rate(row.ended_per_second)}
      </Table.Td>
      <Table.Td data-align="right" data-label="Workers">
        {workers}
      </Table.Td>
      <Table.Td data-align="right">
        <PauseQueue service={service} name={name} paused={row.paused} />
      </Table.Td>
    </Table.Tr>
  );
}

function PauseQueue({ service, name, paused }: { service: ServiceName; name: string; paused: boolean }) {
  const may = useMay('operator');
  const session = useSession();
  const [asking, setAsking] = useState(false);
  const verb = paused ? 'resume' : 'pause';
  const action = useAction<string>({
    run: (reason) =>
      ask(
        clientOf(service).POST(`/jobs/queues/{queue}/${verb}`, {
          params: { path: { queue: name } },
          body: reason ? { reason } : {},
        }),
      ),
    done: () => (paused ? `${name} goes on` : `${name} is paused`),
    changes: [[service, '/jobs/queues']],
  });
  if (!may) return null;
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={paused ? <CirclePlay size={15} aria-hidden /> : <CirclePause size={15} aria-hidden />}
        onClick={() => setAsking(true)}
        aria-label={`${paused ? 'Resume' : 'Pause'} ${name}`}
      >
        {paused ? 'Resume' : 'Pause'}
      </Button>
      <ConfirmWithReason
        opened={asking}
        onClose={() => setAsking(false)}
        title={`${paused ? 'Resume' : 'Pause'} ${name}?`}
        confirm={paused ? 'Resume' : 'Pause'}
        reason={session.kind === 'person' ? 'needed' : 'asked'}
        onConfirm={action.mutateAsync}
      >
        {paused
          ? 'Jobs waiting in this queue start right away.'
          : 'No more jobs of this queue start until it is resumed. Running jobs continue, and nothing is lost.'}
      </ConfirmWithReason>
    </>
  );
}
