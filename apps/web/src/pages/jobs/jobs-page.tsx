import { Tabs } from '@mantine/core';
import { Suspense } from 'react';
import { lazyPart } from '../../load.ts';
import { LoadingRows } from '../../ui/loading.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { TabList } from '../../ui/tab-list.tsx';
import { useFilters } from '../../ui/use-filters.ts';

const views = [
  { value: 'queues', label: 'Queues', View: lazyPart(() => import('./queues-view.tsx')) },
  { value: 'jobs', label: 'Jobs', View: lazyPart(() => import('./list-view.tsx')) },
  { value: 'dead', label: 'Dead letters', View: lazyPart(() => import('./dead-view.tsx')) },
  { value: 'schedules', label: 'Schedules', View: lazyPart(() => import('./schedules-view.tsx')) },
  { value: 'workers', label: 'Workers', View: lazyPart(() => import('./workers-view.tsx')) },
  { value: 'locks', label: 'Locks', View: lazyPart(() => import('./locks-view.tsx')) },
] as const;

/** What goes on behind the laboratory: the durable work of all three services. */
export default function JobsPage() {
  const [{ view = 'queues' }, setFilters] = useFilters<'view'>();
  const shown = views.find(({ value }) => value === view) ?? views[0];
  return (
    <>
      <PageHeader title="Jobs">
        Background work of the services: queued, scheduled, retried, and failed.
      </PageHeader>
      {/* Filters of one view mean nothing in another: each begins anew. */}
      <Tabs
        value={shown.value}
        onChange={(value) =>
          setFilters({
            view: value === 'queues' || value === null ? undefined : value,
            ...Object.fromEntries(own.map((name) => [name, undefined])),
          })
        }
        keepMounted={false}
      >
        <TabList shown={shown.value}>
          {views.map(({ value, label }) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </TabList>
        {views.map(({ value, label, View }) => (
          <Tabs.Panel key={value} value={value}>
            <Suspense fallback={<LoadingRows what={label} />}>
              <View />
            </Suspense>
          </Tabs.Panel>
        ))}
      </Tabs>
    </>
  );
}

/** The names that views keep in the address. */
const own = ['service', 'queue', 'task', 'state', 'key', 'error', 'range'];
