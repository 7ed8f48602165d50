import { Button, Group, TextInput } from '@mantine/core';
import { Microscope, Search } from 'lucide-react';
import { useDeferredValue } from 'react';
import { type Device, useDevices } from '../../api/overview.ts';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { LoadingCards } from '../../ui/loading.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { useTyped } from '../../ui/use-typed.ts';
import { deviceStatuses, matches } from './device.ts';
import { DeviceCard } from './device-card.tsx';
import classes from './lab-page.module.css';

/** Every device of the laboratory, as it is now. */
export default function LabPage() {
  const { query, devices } = useDevices();
  return (
    <>
      <PageHeader title="Lab">Every instrument, as it is now.</PageHeader>
      {query.isPending ? (
        <LoadingCards what="devices" />
      ) : query.error && devices.length === 0 ? (
        <Failed error={query.error} retry={query.refetch} />
      ) : devices.length === 0 ? (
        <Empty title="No instruments yet" icon={Microscope}>
          Devices appear here once an administrator has added them.
        </Empty>
      ) : (
        <Devices devices={devices} />
      )}
    </>
  );
}

function Devices({ devices }: { devices: readonly Device[] }) {
  const [filters, setFilters] = useFilters<'q' | 'status'>();
  const { q = '', status = '' } = filters;
  const [text, type] = useTyped(q, (typed) => setFilters({ q: typed }));
  // Typing and clicking are not held up by drawing two hundred cards, however often they change.
  const drawn = useDeferredValue(devices);
  const looked = { q: useDeferredValue(text), status: useDeferredValue(status) };
  const shown = new Set(drawn.filter((device) => matches(device, looked)));
  const count = (wanted: string) => devices.filter((device) => device.status === wanted).length;
  const showAll = () => {
    type('');
    setFilters({ q: undefined, status: undefined });
  };
  return (
    <>
      <div className={classes.bar}>
        <TextInput
          aria-label="Find a device"
          placeholder="Name, type or place"
          leftSection={<Search size={16} aria-hidden />}
          value={text}
          onChange={({ currentTarget }) => type(currentTarget.value)}
          className={classes.find}
        />
        <Group gap={6} role="group" aria-label="Which devices">
          <Choice
            label="All"
            count={devices.length}
            chosen={status === ''}
            onChoose={() => setFilters({ status: undefined })}
          />
          {deviceStatuses.map((one) => (
            <Choice
              key={one}
              label={one}
              count={count(one)}
              chosen={status === one}
              onChoose={() => setFilters({ status: one })}
            />
          ))}
        </Group>
      </div>
      {shown.size === 0 && (
        <Empty
          title="No matching devices"
          icon={Search}
          action={
            <Button variant="default" onClick={showAll}>
              Show all {devices.length}
            </Button>
          }
        />
      )}
      {/* A card that is not looked for is only hidden: it is there again at once. */}
      <ul className={classes.cards} hidden={shown.size === 0}>
        {drawn.map((device) => (
          <DeviceCard key={device.id} device={device} hidden={!shown.has(device)} />
        ))}
      </ul>
    </>
  );
}

function Choice(props: { label: string; count: number; chosen: boolean; onChoose: () => void }) {
  const { label, count, chosen, onChoose } = props;
  return (
    <Button size="xs" variant={chosen ? 'filled' : 'default'} aria-pressed={chosen} onClick={onChoose}>
      {label} {count}
    </Button>
  );
}
