import { Autocomplete, Select, SimpleGrid } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { fromDevices } from '../../api/services.ts';
import { FilterField } from '../../ui/filter-field.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { type LogQuery, logStatuses } from './log.ts';

type Name = 'device' | 'operation' | 'status' | 'workflow' | 'from' | 'to';

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
  const { device, operation, workflow, from, to } = filters;
  return (
    <SimpleGrid cols={{ base: 2, md: 3, xl: 6 }}>
      <DeviceField value={device} onChange={(value) => setFilters({ device: value })} />
      <FilterField
        label="Operation"
        value={operation}
        onChange={(value) => setFilters({ operation: value })}
        placeholder="plate_read"
      />
      <Select
        label="Status"
        placeholder="Any"
        clearable
        clearButtonProps={{ 'aria-label': 'Clear Status' }}
        value={logStatuses.find((one) => one === filters.status) ?? null}
        onChange={(value) => setFilters({ status: value ?? undefined })}
        data={[...logStatuses]}
      />
      <FilterField
        label="Workflow"
        value={workflow}
        onChange={(value) => setFilters({ workflow: value })}
        placeholder="Its id"
      />
      <FilterField
        label="From"
        value={from}
        onChange={(value) => setFilters({ from: value })}
        placeholder="2026-01-31"
      />
      <FilterField
        label="To"
        value={to}
        onChange={(value) => setFilters({ to: value })}
        placeholder="2026-01-31T14:00Z"
      />
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
