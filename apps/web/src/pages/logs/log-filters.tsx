import { Autocomplete, Select, SimpleGrid } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { fromDevices } from '../../api/services.ts';
import { FilterFields } from '../../ui/filter-field.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { type LogQuery, logStatuses } from './log.ts';

type Name = 'device' | 'operation' | 'status' | 'workflow' | 'from' | 'to';

const operationField = { name: 'operation', label: 'Operation', placeholder: 'plate_read' } as const;
const otherFields = [
  { name: 'workflow', label: 'Workflow', placeholder: 'Its id' },
  { name: 'from', label: 'From', placeholder: '2026-01-31' },
  { name: 'to', label: 'To', placeholder: '2026-01-31T14:00Z' },
] as const;

/** What the address asks for. */
export function useLogQuery(): LogQuery {
  const [{ device, operation, status, workflow, from, to }] = useFilters<Name>();
  const known = logStatuses.find((one) => one === status);
  return {
    ...(device ? { device_id: device } : {}),
    ...(operation ? { operation } : {}),
    ...(known ? { status: known } : {}),
    ...(workflow ? { workflow_id: workflow } : {}),
    ...(from ? { start: from } : {}),
    ...(to ? { end: to } : {}),
  };
}

export function LogFilters() {
  const [filters, setFilters] = useFilters<Name>();
  return (
    <SimpleGrid cols={{ base: 2, md: 3, xl: 6 }}>
      <DeviceField value={filters.device} onChange={(value) => setFilters({ device: value })} />
      <FilterFields fields={[operationField]} filters={filters} onChange={setFilters} />
      <Select
        label="Status"
        placeholder="Any"
        clearable
        clearButtonProps={{ 'aria-label': 'Clear Status' }}
        value={logStatuses.find((one) => one === filters.status) ?? null}
        onChange={(value) => setFilters({ status: value ?? undefined })}
        data={[...logStatuses]}
      />
      <FilterFields fields={otherFields} filters={filters} onChange={setFilters} />
    </SimpleGrid>
  );
}

function DeviceField({
  value,
  onChange,
}: {
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}) {
  const { data } = useQuery(fromDevices.read('/devices', { params: { query: { limit: 100 } } }));
  const [text, setText] = useState(value ?? '');
  useEffect(() => setText(value ?? ''), [value]);
  const ids = data?.devices.map(({ id }) => id) ?? [];
  const send = (next: string) => onChange(next.trim() || undefined);
  return (
    <Autocomplete
      label="Device"
      placeholder="Any"
      data={ids}
      limit={20}
      value={text}
      onChange={(next) => {
        setText(next);
        if (next === '' || ids.includes(next)) send(next);
      }}
      onBlur={() => send(text)}
      onKeyDown={({ key }) => key === 'Enter' && send(text)}
    />
  );
}
