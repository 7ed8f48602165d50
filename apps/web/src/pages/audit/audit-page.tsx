import { Group, SimpleGrid, Stack } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import { readsOf } from '../../api/each-service.ts';
import { useMay } from '../../api/session.ts';
import { Empty } from '../../ui/empty.tsx';
import { FilterFields } from '../../ui/filter-field.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { ServiceFilter, useServiceName } from '../../ui/service-filter.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import type { Entry } from './entry.ts';
import { EntryDrawer } from './entry-drawer.tsx';
import { EntryTable } from './entry-table.tsx';
import { Verification } from './verification.tsx';

type Name = 'actor' | 'subject' | 'action' | 'from' | 'to';

const fields = [
  { name: 'actor', label: 'Who', placeholder: 'Id of a person or token' },
  { name: 'action', label: 'What was done', placeholder: 'device.book' },
  { name: 'subject', label: 'To what', placeholder: 'device:reader-1' },
  { name: 'from', label: 'From', placeholder: '2026-01-31' },
  { name: 'to', label: 'Before', placeholder: '2026-01-31T14:00:00Z' },
] as const;

/** What was done, by whom and why; and whether anybody has touched the record of it. */
export default function AuditPage() {
  const may = useMay('operator');
  return (
    <>
      <PageHeader title="Audit">
        Who did what, when and why. Any later change to this record shows.
      </PageHeader>
      {may ? (
        <Trail />
      ) : (
        <Empty title="The audit trail is for operators" icon={ShieldCheck}>
          Ask an administrator if you need to see it.
        </Empty>
      )}
    </>
  );
}

function Trail() {
  const service = useServiceName();
  const [given, setFilters] = useFilters<Name>();
  const { actor, subject, action, from, to } = given;
  const [opened, setOpened] = useState<Entry>();
  const filters = {
    ...(actor ? { actor } : {}),
    ...(subject ? { subject } : {}),
    ...(action ? { action } : {}),
    ...timeOf('from', from),
    ...timeOf('to', to),
  };
  const query = useInfiniteQuery(readsOf(service).pages('/audit', { params: { query: filters } }));
  return (
    <Stack>
      <Group>
        <ServiceFilter />
      </Group>
      {/* Another chain is another check. */}
      <Verification key={service} service={service} />
      <SimpleGrid cols={{ base: 2, md: 3, xl: 5 }}>
        <FilterFields fields={fields} filters={given} onChange={setFilters} />
      </SimpleGrid>
      <EntryTable
        query={query}
        onOpen={setOpened}
        onFilter={setFilters}
        empty={
          <Empty title="No entries" icon={ShieldCheck}>
            {Object.keys(filters).length > 0
              ? 'No entry matches these filters. Ids and names must match exactly.'
              : 'Every change is recorded here, with who made it and why.'}
          </Empty>
        }
      />
      <EntryDrawer entry={opened} onClose={() => setOpened(undefined)} />
    </Stack>
  );
}

/** A date is its beginning in UTC; what is no time at all goes to the service as it is, which says what is wrong. */
function timeOf<Side extends 'from' | 'to'>(
  side: Side,
  text: string | undefined,
): { [side in Side]?: string } {
  if (!text) return {};
  const whole = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text;
  return { [side]: whole } as { [side in Side]?: string };
}
