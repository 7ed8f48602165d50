import { Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ask } from '../../api/ask.ts';
import { devices, fromDevices } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { keptLive } from '../../live/refresh.ts';
import { ConfirmWithReason } from '../../ui/confirm-with-reason.tsx';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { duration } from '../../ui/times.ts';
import { WorkflowLink } from '../../ui/workflow-link.tsx';
import type { Entry, Priority } from './types.ts';

/** What another priority means for whom, before it is given. Done only where the entry still stands as it was seen. */
export function ChangeDialog({
  entry,
  priority,
  onClose,
}: {
  entry: Entry;
  priority: Priority;
  onClose: () => void;
}) {
  const path = { id: entry.device_id, entry_id: entry.id };
  const preview = useQuery(
    keptLive(
      fromDevices.read('/devices/{id}/queue/{entry_id}/preview', {
        params: { path, query: { priority } },
      }),
      `device:${entry.device_id}`,
    ),
  );
  const change = useAction({
    run: (reason: string) =>
      ask(
        devices.PATCH('/devices/{id}/queue/{entry_id}', {
          params: { path },
          body: { priority, expected_priority: entry.priority, ...(reason === '' ? {} : { reason }) },
        }),
      ),
    done: ({ message }) => message,
    changes: [['device-service', '/devices/{id}/queue']],
  });
  return (
    <ConfirmWithReason
      opened
      onClose={onClose}
      title={`Make it ${priority}?`}
      confirm={`Make it ${priority}`}
      reason="asked"
      onConfirm={(reason) => change.mutateAsync(reason)}
    >
      {preview.data ? (
        <Stack gap="sm">
          <Text size="sm" component="div">
            <WorkflowLink id={entry.workflow_id} /> goes from number {preview.data.before.position} to number{' '}
            {preview.data.after.position}
            {sooner(preview.data.before.estimate.seconds, preview.data.after.estimate.seconds)}.
          </Text>
          {preview.data.affected.length === 0 ? (
            <Text size="sm">Nobody else changes place.</Text>
          ) : (
            <Table.ScrollContainer
              minWidth={300}
              mah={280}
              scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}
            >
              <Table aria-label="Who is moved by it">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th scope="col">Others</Table.Th>
                    <Table.Th scope="col">Place</Table.Th>
                    <Table.Th scope="col">Its turn comes</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {preview.data.affected.map(({ entry_id, workflow_id, before, after, delay_seconds }) => (
                    <Table.Tr key={entry_id}>
                      <Table.Td>
                        <WorkflowLink id={workflow_id} />
                      </Table.Td>
                      <Table.Td>
                        {before.position} → {after.position}
                      </Table.Td>
                      <Table.Td>{shift(delay_seconds)}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
          {preview.data.affected_entries > preview.data.affected.length && (
            <Text size="sm" c="dimmed">
              and {preview.data.affected_entries - preview.data.affected.length} more
            </Text>
          )}
        </Stack>
      ) : preview.error ? (
        <Failed error={preview.error} retry={preview.refetch} />
      ) : (
        <LoadingRows what="what it means" rows={2} />
      )}
    </ConfirmWithReason>
  );
}

function sooner(before: number | null, after: number | null): string {
  return before === null || after === null ? '' : `, and its turn comes ${shift(after - before)}`;
}

function shift(seconds: number): string {
  const size = Math.abs(seconds) < 1 ? 'less than a second' : duration(Math.abs(seconds));
  return seconds > 0 ? `${size} later` : seconds < 0 ? `${size} earlier` : 'at the same time';
}
