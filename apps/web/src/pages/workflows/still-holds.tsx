import { Alert, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { CircleAlert } from 'lucide-react';
import { fromDevices } from '../../api/services.ts';
import { keptLive } from '../../live/refresh.ts';
import { PageLink } from '../../ui/page-link.tsx';
import { allowedNow, nextStep } from './allowed.ts';
import type { Workflow } from './types.ts';

/** Of a workflow that failed: that it keeps its device, what that means for others, and what can be done. `why`: unless its step says it. */
export function StillHolds({ workflow, why }: { workflow: Workflow; why: string | null }) {
  const { device_id: device, booking_id } = workflow;
  const { data } = useQuery({
    ...keptLive(fromDevices.read('/devices/{id}', { params: { path: { id: device } } }), `device:${device}`),
    enabled: booking_id !== null,
  });
  const waiting = data?.queue_length ?? 0;
  const again = nextStep(workflow)?.position;
  const repair = allowedNow(workflow).includes('resolve-step')
    ? 'say what happened'
    : again === undefined
      ? undefined
      : `try step ${again} again`;
  return (
    <Alert
      variant="outline"
      bg="var(--lab-surface)"
      color="red"
      icon={<CircleAlert aria-hidden />}
      title={booking_id === null ? 'It has failed' : `It has failed, and still holds ${device}`}
    >
      {why !== null && <Text size="sm">{why}</Text>}
      {booking_id !== null && (
        <Text size="sm">
          Its samples may be in there, so nobody else gets the device.{' '}
          {waiting > 0 && (
            <>
              <PageLink to="/queue/$device" params={{ device }} inherit>
                {waiting === 1 ? '1 workflow waits for it' : `${waiting} workflows wait for it`}
              </PageLink>
              .{' '}
            </>
          )}
          See to the device and the samples first. Then {repair ? `${repair}, or ` : ''}cancel the workflow,
          which releases the device.
        </Text>
      )}
    </Alert>
  );
}
