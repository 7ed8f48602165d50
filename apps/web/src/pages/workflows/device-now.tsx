import { Alert, Button, Text } from '@mantine/core';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { Hourglass } from 'lucide-react';
import { reasonsBeside, useHolderWait } from '../../api/holder-wait.ts';
import type { ApiProblem } from '../../api/problem.ts';
import { fromDevices } from '../../api/services.ts';
import { keptLive } from '../../live/refresh.ts';
import { HolderWaitText } from '../../ui/holder-wait.tsx';
import { sentence } from '../../ui/sentence.ts';
import { about } from '../../ui/times.ts';
import { WorkflowLink } from '../../ui/workflow-link.tsx';
import type { Workflow } from './types.ts';

/** What people call a device: its id only as long as nothing else is known. */
export function useDeviceName(id: string): string {
  const { data } = useQuery({
    ...fromDevices.read('/devices/{id}', { params: { path: { id } } }),
    staleTime: 300_000,
  });
  return data?.name ?? id;
}

/** How it stands with a device before one asks for it, followed live. */
export function useWait(deviceId: string, priority: Workflow['priority']) {
  return useQuery(
    keptLive(
      fromDevices.read('/devices/{id}/wait-time', {
        params: { path: { id: deviceId }, query: { priority } },
      }),
      `device:${deviceId}`,
    ),
  );
}

type Wait = ReturnType<typeof useWait> extends UseQueryResult<infer Answer> ? Answer : never;

/** Whether one would have to wait for it, and why. */
export function DeviceNow({ name, wait }: { name: string; wait: Wait | undefined }) {
  const holder = wait?.waiting_reasons.find(({ code }) => code === 'device_busy')?.workflow_id;
  const holderWait = useHolderWait({ booking: holder ? { workflow_id: holder } : null });
  if (!wait) return null;
  if (wait.waiting_reasons.length === 0) return <Text size="sm">{name} is free.</Text>;
  return (
    <Alert
      variant="outline"
      bg="var(--lab-surface)"
      color="orange"
      icon={<Hourglass aria-hidden />}
      title={`${name} is not free`}
    >
      {reasonsBeside(wait.waiting_reasons, holderWait).map(({ code, text, workflow_id }) => (
        <span key={code}>
          {code === 'device_busy' && workflow_id ? (
            <>
              <WorkflowLink id={workflow_id} /> holds it
              {holderWait && (
                <>
                  {' '}
                  and <HolderWaitText wait={holderWait} />
                </>
              )}
              .
            </>
          ) : code === 'device_in_maintenance' ? (
            'It is in maintenance.'
          ) : (
            sentence(text)
          )}{' '}
        </span>
      ))}
      {holderWait || wait.estimated_wait_seconds === null
        ? 'It is not known how long it takes.'
        : `The wait is about ${about(wait.estimated_wait_seconds)}.`}
    </Alert>
  );
}

/**
 * Somebody else was faster: `device_busy` or `device_in_maintenance`, in people's words. What the service advises is for programs; here a
 * button does it.
 */
export function Busy({
  name,
  problem: { code, body },
  loading,
  onWait,
}: {
  name: string;
  problem: ApiProblem;
  loading: boolean;
  onWait: () => void;
}) {
  const { workflow_id } = (body.holder ?? {}) as { workflow_id?: unknown };
  const waiting = typeof body.queue_length === 'number' ? body.queue_length : 0;
  return (
    <Alert
      role="alert"
      variant="outline"
      bg="var(--lab-surface)"
      color="orange"
      icon={<Hourglass aria-hidden />}
      title="It could not begin"
    >
      <Text size="sm" mb="xs">
        {name}{' '}
        {code === 'device_in_maintenance' ? (
          'is in maintenance'
        ) : typeof workflow_id === 'string' ? (
          <>
            is held by <WorkflowLink id={workflow_id} />
          </>
        ) : (
          'is held by another workflow'
        )}
        {waiting > 0 && (waiting === 1 ? ', and one more waits for it' : `, and ${waiting} more wait for it`)}
        ; wait in the queue instead?
      </Text>
      <Button size="xs" type="button" loading={loading} onClick={onWait}>
        Wait in the queue
      </Button>
    </Alert>
  );
}
