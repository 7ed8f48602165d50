import { ActionIcon, Group, Stack, Text } from '@mantine/core';
import { ChevronsDown, ChevronsUp, GripVertical, X } from 'lucide-react';
import { useState } from 'react';
import { ask } from '../../api/ask.ts';
import type { HolderWait } from '../../api/holder-wait.ts';
import { devices } from '../../api/services.ts';
import { useMay } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { ConfirmWithReason } from '../../ui/confirm-with-reason.tsx';
import { turnAfter } from '../../ui/holder-wait.tsx';
import { Time } from '../../ui/time.tsx';
import { about, shortTime } from '../../ui/times.ts';
import { WorkflowLink } from '../../ui/workflow-link.tsx';
import classes from './queue.module.css';
import { beside, type Entry, type Priority } from './types.ts';

/** One that waits: its place, when its turn comes, and the ways to another place. */
export function QueueEntry({
  entry,
  wait,
  allowed,
  onMove,
  onDrag,
}: {
  entry: Entry;
  /** The holder of its device waits for somebody: an estimate would pretend to know. */
  wait: HolderWait | null;
  allowed: (priority: Priority) => boolean;
  onMove: (priority: Priority | undefined) => void;
  onDrag: (dragging: boolean) => void;
}) {
  const { position, workflow_id, estimate, queued_at, waiting_reasons } = entry;
  const mayRemove = useMay('operator');
  const [removing, setRemoving] = useState(false);
  const up = beside(entry.priority, -1);
  const down = beside(entry.priority, 1);
  const remove = useAction({
    run: (reason: string) =>
      ask(
        devices.DELETE('/devices/{id}/queue/{entry_id}', {
          params: { path: { id: entry.device_id, entry_id: entry.id } },
          body: reason === '' ? {} : { reason },
        }),
      ),
    done: ({ message }) => message,
    changes: [['device-service', '/devices/{id}/queue']],
  });
  return (
    <li
      className={classes.entry}
      onKeyDown={(event) => {
        if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
        event.preventDefault();
        onMove(event.key === 'ArrowUp' ? up : down);
      }}
    >
      <Group justify="flex-end" align="flex-start" gap="xs">
        <Group gap="sm" wrap="nowrap" align="flex-start" className={classes.about}>
          {allowed(entry.priority) && (
            <span
              className={classes.grip}
              draggable
              aria-hidden
              title="Drag to another priority"
              onDragStart={(event) => {
                event.dataTransfer.effectAllowed = 'move';
                event.dataTransfer.setData('text/plain', entry.id);
                onDrag(true);
              }}
              onDragEnd={() => onDrag(false)}
            >
              <GripVertical size={18} />
            </span>
          )}
          <Text fw={700} className={classes.position}>
            {position}
          </Text>
          <Stack gap={2}>
            <Text fw={600} component="div">
              <WorkflowLink id={workflow_id} />
            </Text>
            <Text size="sm">
              {wait
                ? turnAfter(wait)
                : estimate.seconds === null || estimate.at === null || estimate.seconds_p90 === null
                  ? 'It is not known when its turn comes.'
                  : `In about ${about(estimate.seconds)}, at ${shortTime(estimate.at)}; nine times in ten within ${about(estimate.seconds_p90)}.`}
            </Text>
            <Text size="sm" c="dimmed" component="div">
              Queued <Time at={queued_at} />
              {waiting_reasons.some(({ code }) => code === 'entries_ahead') &&
                ` · ${waiting_reasons.find(({ code }) => code === 'entries_ahead')?.text}`}
            </Text>
          </Stack>
        </Group>
        <Group gap={4} wrap="nowrap">
          {up && allowed(up) && (
            <ActionIcon
              variant="default"
              aria-label={`Make number ${position} ${up}`}
              aria-keyshortcuts="Alt+ArrowUp"
              onClick={() => onMove(up)}
            >
              <ChevronsUp size={16} aria-hidden />
            </ActionIcon>
          )}
          {down && allowed(down) && (
            <ActionIcon
              variant="default"
              aria-label={`Make number ${position} ${down}`}
              aria-keyshortcuts="Alt+ArrowDown"
              onClick={() => onMove(down)}
            >
              <ChevronsDown size={16} aria-hidden />
            </ActionIcon>
          )}
          {mayRemove && (
            <ActionIcon
              variant="default"
              aria-label={`Take number ${position} out of the queue`}
              onClick={() => setRemoving(true)}
            >
              <X size={16} aria-hidden />
            </ActionIcon>
          )}
        </Group>
      </Group>
      <ConfirmWithReason
        opened={removing}
        onClose={() => setRemoving(false)}
        title={`Take number ${position} out of the queue?`}
        confirm="Take it out"
        reason="asked"
        dangerous
        onConfirm={(reason) => remove.mutateAsync(reason)}
      >
        Its workflow is not cancelled: it can be started again, and waits at the end then.
      </ConfirmWithReason>
    </li>
  );
}
