import { Alert, Group, Stack, Text } from '@mantine/core';
import { CircleAlert, UserRound } from 'lucide-react';
import { PageLink } from '../../ui/page-link.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Duration, Time } from '../../ui/time.tsx';
import { took } from '../../ui/times.ts';
import { type Labels, Values } from '../../ui/values.tsx';
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
      {result && <Values title="Result" values={result} labels={labelsOf(step)} />}
      {step.waiting_reasons.map(({ code, message, task_id }) => (
        <Text key={code} size="sm">
          {code === 'operator_task' && operator_task ? (
            <>
              Waits for a person to do{' '}
              <PageLink to="/tasks/$id" params={{ id: task_id }} inherit underline="always">
                {operator_task.title}
              </PageLink>
              . The device stays booked meanwhile.
            </>
          ) : (
            message
          )}
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

/** What the form of its task asked. */
const labelsOf = ({ operator_task }: Step): Labels =>
  Object.fromEntries((operator_task?.fields ?? []).map(({ name, label, unit }) => [name, { label, unit }]));

function Times({ step }: { step: Step }) {
  const { status, started_at, finished_at } = step;
  if (!started_at) return null;
  return (
    <Text size="sm" c="dimmed" component="span">
      {status === 'running' ? (
        <>
          for <Duration since={started_at} />
        </>
      ) : finished_at ? (
        <>
          <Time at={finished_at} /> · {tookText(step)}
        </>
      ) : (
        <Time at={started_at} />
      )}
    </Text>
  );
}

/** Of a device its own log says it, and says nothing where Labwright was stopped meanwhile; a person takes from being asked to the answer. */
function tookText({ started_at: from, finished_at: to, duration_ms, operator_task }: Step): string {
  const ms = operator_task && from && to ? Date.parse(to) - Date.parse(from) : duration_ms;
  return ms === null ? 'how long it took is not known' : `took ${took(ms)}`;
}
