import { Badge, Button, Text, UnstyledButton } from '@mantine/core';
import type { ReactNode } from 'react';
import { DataTable, type DataTableProps } from '../../ui/data-table.tsx';
import { Time } from '../../ui/time.tsx';
import { behalfOf, type Entry, type EntryPage, signatureOf } from './entry.ts';

interface Props {
  query: DataTableProps<EntryPage, Entry>['query'];
  empty: ReactNode;
  onOpen: (entry: Entry) => void;
  onFilter: (filter: { actor?: string; subject?: string; action?: string }) => void;
}

/** Entries, newest first; who, what and to what are filters where they are pressed. */
export function EntryTable({ query, empty, onOpen, onFilter }: Props) {
  return (
    <DataTable
      caption="Audit entries"
      query={query}
      rows={({ entries }) => entries}
      rowKey={({ seq }) => seq}
      empty={empty}
      columns={[
        {
          key: 'at',
          title: 'When',
          cell: (entry) => (
            <>
              <Button variant="subtle" size="compact-sm" px={0} onClick={() => onOpen(entry)}>
                Entry {entry.seq}
              </Button>
              <Text size="xs" c="dimmed">
                <Time at={entry.at} />
              </Text>
              {signatureOf(entry) && (
                <Badge size="sm" variant="outline" color="cyan.9" c="var(--mantine-color-text)">
                  signed
                </Badge>
              )}
            </>
          ),
        },
        {
          key: 'who',
          title: 'Who',
          cell: (entry) => (
            <>
              <Filter value={entry.actor.id} onClick={() => onFilter({ actor: entry.actor.id })}>
                {entry.actor.name ?? entry.actor.id}
              </Filter>
              <Text size="xs" c="dimmed">
                {behalfOf(entry) ? `for ${behalfOf(entry)}` : entry.actor.role}
              </Text>
            </>
          ),
        },
        {
          key: 'action',
          title: 'What',
          cell: ({ action }) => (
            <Filter value={action} onClick={() => onFilter({ action })}>
              {action}
            </Filter>
          ),
        },
        {
          key: 'subject',
          title: 'To what',
          cell: ({ subject }) => (
            <Filter value={subject} onClick={() => onFilter({ subject })}>
              {subject}
            </Filter>
          ),
        },
        {
          key: 'reason',
          title: 'Why',
          cell: ({ reason }) => (
            <Text size="sm" lineClamp={2}>
              {reason ?? '–'}
            </Text>
          ),
        },
      ]}
    />
  );
}

function Filter({ value, onClick, children }: { value: string; onClick: () => void; children: ReactNode }) {
  return (
    <UnstyledButton onClick={onClick} title={`Show only ${value}`} style={{ overflowWrap: 'anywhere' }}>
      <Text size="sm" td="underline" style={{ textDecorationStyle: 'dotted' }}>
        {children}
      </Text>
    </UnstyledButton>
  );
}
