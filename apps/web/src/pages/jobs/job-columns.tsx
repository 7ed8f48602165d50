import { Progress, Text } from '@mantine/core';
import type { ServiceName } from '../../api/each-service.ts';
import type { Column } from '../../ui/data-table.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Time } from '../../ui/time.tsx';
import type { JobRow } from './job-row.ts';
import { JobLink } from './links.tsx';

/** What a list tells of each job; its first cell leads to the job. */
export const jobColumns = (service: ServiceName): Column<JobRow>[] => [
  {
    key: 'id',
    title: 'Job',
    cell: ({ id, task, cancel_asked }) => (
      <>
        <JobLink service={service} id={id} strong>
          {task}
        </JobLink>
        <Text size="xs" c="dimmed">
          {id}
          {cancel_asked && ' · told to stop'}
        </Text>
      </>
    ),
  },
  {
    key: 'state',
    title: 'State',
    cell: ({ state, progress }) => (
      <>
        <StatusBadge status={state} />
        {state === 'running' && progress !== null && (
          <Progress
            value={progress * 100}
            size="xs"
            mt={4}
            aria-label={`Done: ${Math.round(progress * 100)} %`}
          />
        )}
      </>
    ),
  },
  { key: 'queue', title: 'Queue', cell: ({ queue }) => <Text size="sm">{queue}</Text> },
  { key: 'key', title: 'Key', cell: ({ key }) => <Text size="sm">{key ?? '–'}</Text> },
  {
    key: 'attempts',
    title: 'Attempts',
    align: 'right',
    cell: ({ attempts, max_attempts }) => `${attempts} of ${max_attempts}`,
  },
  { key: 'created', title: 'Asked for', cell: ({ created_at }) => <Time at={created_at} /> },
];
