import { Card, Group, Stack, Text } from '@mantine/core';
import { PageLink } from '../../ui/page-link.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Time } from '../../ui/time.tsx';
import { useNow } from '../../ui/use-now.ts';
import { assigneeText, isActive, isOverdue, type Task } from './task.ts';

/** A task in a list: large enough for a thumb. */
export function TaskCard({ task }: { task: Task }) {
  const overdue = isOverdue(task, useNow(10_000));
  return (
    <Card component="li" withBorder bg="var(--lab-surface)" padding="sm">
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Stack gap={2} miw={0}>
          <PageLink
            to="/tasks/$id"
            params={{ id: task.id }}
            fw={600}
            underline="hover"
            py={4}
            style={{ overflowWrap: 'anywhere' }}
          >
            {task.title}
          </PageLink>
          <Text size="sm" c="dimmed">
            {task.holder ? `With ${task.holder.name}` : `For ${assigneeText(task)}`}
            {task.device_id ? ` · ${task.device_id}` : ''}
          </Text>
          {isActive(task) && task.due_at && (
            <Text size="sm">
              Due <Time at={task.due_at} />
            </Text>
          )}
          {task.finished_at && (
            <Text size="sm" c="dimmed">
              Ended <Time at={task.finished_at} />
              {task.status_reason ? `: ${task.status_reason}` : ''}
            </Text>
          )}
        </Stack>
        <Stack gap={4} align="flex-end">
          <StatusBadge status={task.status} />
          {overdue && <StatusBadge status="overdue" />}
          {task.priority === 'urgent' && isActive(task) && <StatusBadge status="urgent" />}
        </Stack>
      </Group>
    </Card>
  );
}
