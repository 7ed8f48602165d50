import { SegmentedControl } from '@mantine/core';
import { isServiceName, type ServiceName, serviceLabel, serviceNames } from '../api/each-service.ts';
import { useFilters } from './use-filters.ts';

/** Of which service is looked at what each of them has for itself; in the address. */
export function useServiceName(): ServiceName {
  const [{ service }] = useFilters<'service'>();
  return isServiceName(service) ? service : 'device-service';
}

export function ServiceFilter() {
  const service = useServiceName();
  const [, setFilters] = useFilters<'service'>();
  return (
    <SegmentedControl
      aria-label="Service"
      w="fit-content"
      value={service}
      onChange={(value) => setFilters({ service: value === 'device-service' ? undefined : value })}
      data={serviceNames.map((value) => ({ value, label: serviceLabel[value] }))}
    />
  );
}
