import { Card, List, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { reasonsBeside, useHolderWait } from '../../api/holder-wait.ts';
import { fromDevices } from '../../api/services.ts';
import { keptLive } from '../../live/refresh.ts';
import { Failed } from '../../ui/failed.tsx';
import { HolderWaitText, turnAfter } from '../../ui/holder-wait.tsx';
import { PageLink } from '../../ui/page-link.tsx';
import { about, shortTime } from '../../ui/times.ts';
import { WorkflowLink } from '../../ui/workflow-link.tsx';
import type { Workflow } from './types.ts';

/** Why a queued workflow waits, and how long it will. */
export function Waiting({ workflow: { id, device_id } }: { workflow: Workflow }) {
  const query = useQuery(
    keptLive(
      fromDevices.read('/devices/{id}/wait-time', {
        params: { path: { id: device_id }, query: { workflow_id: id } },
      }),
      `device:${device_id}`,
    ),
  );
  const wait = query.data;
  const holder = wait?.waiting_reasons.find(({ code }) => code === 'device_busy')?.workflow_id;
  const holderWait = useHolderWait({ booking: holder ? { workflow_id: holder } : null });
  if (!wait) return <Failed error={query.error} retry={query.refetch} />;
  const { estimated_wait_seconds: median, estimated_wait_seconds_p90: long, estimated_start_at: at } = wait;
  const reasons = reasonsBeside(wait.waiting_reasons, holderWait);
  return (
    <Card withBorder bg="var(--lab-surface)" component="section" aria-label="Waiting">
      <Stack gap="xs">
        <Text fw={600}>
          Number {wait.position} of {wait.queue_length} in the{' '}
          <PageLink to="/queue/$device" params={{ device: device_id }} inherit>
            queue of {device_id}
          </PageLink>
        </Text>
        <Text size="sm">
          {holderWait
            ? turnAfter(holderWait)
            : median === null || long === null || at === null
              ? 'It is not known when its turn comes.'
              : `Its turn comes in about ${about(median)}, at ${shortTime(at)}; nine times in ten within ${about(long)}.`}
        </Text>
        {reasons.length > 0 && (
          <List size="sm" aria-label="Why it waits">
            {reasons.map(({ code, text, workflow_id }) => (
              <List.Item key={code}>
                {code === 'device_busy' && workflow_id ? (
                  <>
                    <WorkflowLink id={workflow_id} /> holds {device_id}
                    {holderWait && (
                      <>
                        {' '}
                        and <HolderWaitText wait={holderWait} />
                      </>
                    )}
                    .
                  </>
                ) : (
                  text
                )}
              </List.Item>
            ))}
          </List>
        )}
      </Stack>
    </Card>
  );
}
