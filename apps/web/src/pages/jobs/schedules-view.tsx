import { Button, Group, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { CalendarClock } from 'lucide-react';
import { useState } from 'react';
import { ask } from '../../api/ask.ts';
import { clientOf, readsOf, type ServiceName } from '../../api/each-service.ts';
import { useMay, useSession } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { ConfirmWithReason } from '../../ui/confirm-with-reason.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { ServiceFilter, useServiceName } from '../../ui/service-filter.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Time } from '../../ui/time.tsx';
import { duration } from '../../ui/times.ts';
import type { ScheduleRow } from './job-row.ts';
import { JobLink } from './links.tsx';
import { lookAgainMs } from './look-again.ts';

/** What is made at its time: when next, and what became of the last one. */
export default function SchedulesView() {
  const service = useServiceName();
  const query = useInfiniteQuery({
    ...readsOf(service).pages('/jobs/schedules'),
    refetchInterval: lookAgainMs,
  });
  const columns: Column<ScheduleRow>[] = [
    {
      key: 'name',
      title: 'Schedule',
      cell: ({ name, cron, zone, every_ms, fault }) => (
        <>
          <Text size="sm" fw={600}>
            {name}
          </Text>
          <Text size="xs" c="dimmed">
            {cron === null ? `every ${duration((every_ms ?? 0) / 1_000)}` : `${cron} · ${zone}`}
          </Text>
          {fault && <Text size="xs">{fault}</Text>}
        </>
      ),
    },
    {
      key: 'state',
      title: 'State',
      cell: ({ state, overdue }) =>
        overdue ? (
          <StatusBadge status="overdue" />
        ) : (
          <StatusBadge
            status={state === 'ticking' ? 'active' : state === 'at_fault' ? 'failed' : state}
            text={state.replaceAll('_', ' ')}
          />
        ),
    },
    {
      key: 'next',
      title: 'Next',
      cell: ({ next_at, state }) => (next_at && state === 'ticking' ? <Time at={next_at} /> : '–'),
    },
    {
      key: 'last',
      title: 'Last run',
      cell: ({ last_at, last_job, last_state }) =>
        last_at === null ? (
          'never'
        ) : (
          <Group gap="xs">
            {last_job === null ? (
              <Time at={last_at} />
            ) : (
              <JobLink service={service} id={last_job}>
                <Time at={last_at} />
              </JobLink>
            )}
            {last_state && <StatusBadge status={last_state} />}
          </Group>
        ),
    },
    { key: 'task', title: 'Task', cell: ({ task, queue }) => `${task} in ${queue}` },
    {
      key: 'missed',
      title: 'Where missed',
      cell: ({ missed, overlap, skipped }) =>
        `${{ skip: 'none is made up for', one: 'one run for all', all: 'each is made up for' }[missed]}${
          overlap === 'skip' ? ` · ${skipped} skipped as the one before ran` : ''
        }`,
    },
    { key: 'actions', title: 'Actions', cell: (row) => <ScheduleActions service={service} schedule={row} /> },
  ];
  return (
    <Stack>
      <ServiceFilter />
      <DataTable
        caption="Schedules"
        query={query}
        rows={({ schedules }) => schedules}
        rowKey={({ name }) => name}
        columns={columns}
        empty={
          <Empty title="No schedule" icon={CalendarClock}>
            This service has no scheduled jobs.
          </Empty>
        }
      />
    </Stack>
  );
}

const words = {
  run: { word: 'Run now', text: 'One extra run now. The schedule stays as it is.' },
  pause: {
    word: 'Pause',
    text: 'It creates no jobs until it is resumed. Runs missed in the meantime are not made up.',
  },
  resume: { word: 'Resume', text: 'It runs again from now on.' },
} as const;
type Verb = keyof typeof words;

function ScheduleActions({ service, schedule }: { service: ServiceName; schedule: ScheduleRow }) {
  const may = useMay('operator');
  const session = useSession();
  const [asking, setAsking] = useState<Verb>();
  const { name, state } = schedule;
  const action = useAction<{ verb: Verb; reason: string }>({
    run: ({ verb, reason }) =>
      ask(
        clientOf(service).POST(`/jobs/schedules/{name}/${verb}`, {
          params: { path: { name } },
          body: reason ? { reason } : {},
        }),
      ),
    done: (_, { verb }) => `${name}: ${words[verb].word.toLowerCase()}, done`,
    changes: [[service, '/jobs/schedules']],
  });
  if (!may) return null;
  const verbs: Verb[] = ['run', state === 'paused' ? 'resume' : 'pause'];
  return (
    <Group gap={6} wrap="nowrap">
      {verbs.map((verb) => (
        <Button
          key={verb}
          size="compact-sm"
          variant="default"
          onClick={() => setAsking(verb)}
          aria-label={`${words[verb].word}: ${name}`}
        >
          {words[verb].word}
        </Button>
      ))}
      <ConfirmWithReason
        opened={asking !== undefined}
        onClose={() => setAsking(undefined)}
        title={asking ? `${words[asking].word}: ${name}?` : ''}
        confirm={asking ? words[asking].word : ''}
        reason={session.kind === 'person' ? 'needed' : 'asked'}
        onConfirm={(reason) => (asking ? action.mutateAsync({ verb: asking, reason }) : Promise.resolve())}
      >
        {asking && words[asking].text}
      </ConfirmWithReason>
    </Group>
  );
}
