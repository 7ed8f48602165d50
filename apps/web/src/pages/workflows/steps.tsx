import { Alert, Group, Stack, Text } from '@mantine/core';
import { CircleAlert, UserRound } from 'lucide-react';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Duration, Time } from '../../ui/time.tsx';
import { duration } from '../../ui/times.ts';
import { Values } from '../../ui/values.tsx';
import classes from './steps.module.css';
import type { Step, Workflow } from './types.ts';

/** Every step as it stands: what it does, with which parameters, and what came of it. */
export function Steps({ workflow: { steps } }: { workflow: Workflow }) {
  return (
    <ol className={classes.steps} aria-label="Steps">
      {steps.map((step) => (
        <li key={step.position} className={classes.step} data-status={step.status}>
          <OneStep step={step} />
        </li>
      ))}
    </ol>
  );
}

function OneStep({ step }: { step: Step }) {
  const { position, operation, operator_task, status, parameters, result, error, attempts } = step;
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <Group gap="xs" wrap="nowrap">
          {operator_task && <UserRound size={17} aria-hidden />}
          <Text fw={600} component="h2" size="md">
            <span className={classes.number}>{position}</span>
            {operator_task ? operator_task.title : operation.replaceAll('_', ' ')}
          </Text>
        </Group>
        <Group gap="sm">
          <Times step={step} />
          <StatusBadge status={status} />
        </Group>
      </Group>
      {operator_task && (
        <Text size="sm" c="dimmed">
          Done by a person
          {operator_task.assignee && 'role' in operator_task.assignee
            ? `: ${operator_task.assignee.role}`
            : ''}
          .
        </Text>
      )}
      <Values title="Parameters" values={parameters} />
      {error && (
        <Alert
          variant="outline"
          bg="var(--lab-surface)"
          color={status === 'unknown' ? 'orange' : 'red'}
          icon={<CircleAlert aria-hidden />}
          title={error.code.replaceAll('_', ' ')}
        >
          {error.message}
        </Alert>
      )}
      {result && <Values title="Result" values={result} />}
      {step.waiting_reasons.map(({ code, message }) => (
        <Text key={code} size="sm">
          {message}
        </Text>
      ))}
      {attempts > 1 && (
        <Text size="sm" c="dimmed">
          Tried {attempts} times
        </Text>
      )}
    </Stack>
  );
}

function Times({ step: { status, started_at, finished_at } }: { step: Step }) {
  if (!started_at) return null;
  return (
    <Text size="sm" c="dimmed" component="span">
      {status === 'running' ? (
        <>
          for <Duration since={started_at} />
        </>
      ) : finished_at ? (
        <>
          <Time at={finished_at} /> · took {took(started_at, finished_at)}
        </>
      ) : (
        <Time at={started_at} />
      )}
    </Text>
  );
}

function took(from: string, to: string): string {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1_000;
  return seconds < 1 ? 'less than a second' : duration(seconds);
}
