import { SegmentedControl, Stack } from '@mantine/core';
import { useMay } from '../../api/session.ts';
import { PageHeader } from '../../ui/page-header.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { Addresses } from './addresses.tsx';
import { Inbox } from './inbox.tsx';
import { QuietHours } from './quiet-hours.tsx';
import { Subscriptions } from './subscriptions.tsx';
import { Undelivered } from './undelivered.tsx';

/** What somebody was told, and what they want to hear of. */
export default function NotificationsPage() {
  const [{ view }, setFilters] = useFilters<'view'>();
  const administers = useMay('admin');
  const shown =
    view === 'settings' || view === 'unread' || (view === 'undelivered' && administers) ? view : 'all';
  return (
    <>
      <PageHeader title="Notifications">Your messages, and what you want to be told about.</PageHeader>
      <Stack>
        <SegmentedControl
          aria-label="What is shown"
          value={shown}
          onChange={(next) => setFilters({ view: next === 'all' ? undefined : next })}
          data={[
            { value: 'all', label: 'All' },
            { value: 'unread', label: 'Unread' },
            { value: 'settings', label: 'Settings' },
            ...(administers ? [{ value: 'undelivered', label: 'Undelivered' }] : []),
          ]}
          w="fit-content"
        />
        {shown === 'settings' ? (
          <Stack gap="xl" maw={860}>
            <Subscriptions />
            <QuietHours />
            <Addresses />
          </Stack>
        ) : shown === 'undelivered' ? (
          <Undelivered />
        ) : (
          <Inbox unread={shown === 'unread'} />
        )}
      </Stack>
    </>
  );
}
