import { ActionIcon, Indicator, Tooltip } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Bell } from 'lucide-react';
import { fromHub } from '../api/services.ts';
import { useSession } from '../api/session.ts';
import { useLive } from '../live/live.tsx';

const unread = fromHub.read('/notifications/unread');

/** How many notifications wait to be read; told live. */
export function NotificationBell() {
  const session = useSession();
  const queries = useQueryClient();
  const { data } = useQuery(unread);
  useLive(`user:${session.kind === 'nobody' ? 'nobody' : session.id}`, () => {
    void queries.invalidateQueries({ queryKey: ['hub-service', '/notifications'] });
    void queries.invalidateQueries({ queryKey: unread.queryKey });
  });
  const count = data?.unread ?? 0;
  const label = count === 0 ? 'No unread notifications' : `${count} unread notifications`;
  return (
    <Tooltip label={label}>
      <Indicator label={count > 99 ? '99+' : count} disabled={count === 0} size={16} color="red.9" offset={5}>
        <ActionIcon
          component={Link}
          to="/notifications"
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={label}
        >
          <Bell size={19} aria-hidden />
        </ActionIcon>
      </Indicator>
    </Tooltip>
  );
}
