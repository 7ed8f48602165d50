import { SegmentedControl, Stack } from '@mantine/core';
import { PageHeader } from '../../ui/page-header.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { Addresses } from './addresses.tsx';
import { Inbox } from './inbox.tsx';
import { QuietHours } from './quiet-hours.tsx';
import { Subscriptions } from './subscriptions.tsx';

/** What somebody was told, and what they want to hear of. */
export default function NotificationsPage() {
  const [{ view }, setFilters] = useFilters<'view'>();
  const shown = view === 'settings' || view === 'unread' ? view : 'all';
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
          ]}
          w="fit-content"
        />
        {shown === 'settings' ? (
          <Stack gap="xl" maw={860}>
            <Subscriptions />
            <QuietHours />
            <Addresses />
          </Stack>
        ) : (
          <Inbox unread={shown === 'unread'} />
        )}
      </Stack>
    </>
  );
}
