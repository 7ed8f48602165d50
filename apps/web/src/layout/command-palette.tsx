import { Spotlight, type SpotlightActionData, spotlight } from '@mantine/spotlight';
import '@mantine/spotlight/styles.css';
import { useMantineColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Compass, Cpu, Moon, Search, Sun } from 'lucide-react';
import { useEffect } from 'react';
import { fromDevices } from '../api/services.ts';
import { useDestinations } from './sidebar.tsx';

/** Everything that can be reached, by its name: pages, devices, and a few switches. Loaded when it is first asked for. */
export default function CommandPalette({ asked, onTour }: { asked: number; onTour: () => void }) {
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const destinations = useDestinations();
  const { data } = useQuery(fromDevices.read('/devices', { params: { query: { limit: 100 } } }));

  useEffect(() => {
    if (asked > 0) spotlight.open();
  }, [asked]);

  const icon = { size: 18, strokeWidth: 1.7, 'aria-hidden': true } as const;
  const pages: SpotlightActionData[] = destinations.map(({ to, label, icon: Icon, words }) => ({
    id: `page ${to}`,
    label,
    keywords: words ?? '',
    leftSection: <Icon {...icon} />,
    onClick: () => void navigate({ to }),
  }));
  const devices: SpotlightActionData[] = (data?.devices ?? []).map(({ id, name, type }) => ({
    id: `device ${id}`,
    label: name,
    description: id,
    keywords: type,
    leftSection: <Cpu {...icon} />,
    onClick: () => void navigate({ to: '/', search: { q: id } }),
  }));
  const switches: SpotlightActionData[] = [
    {
      id: 'light',
      label: 'Light colours',
      leftSection: <Sun {...icon} />,
      onClick: () => setColorScheme('light'),
    },
    {
      id: 'dark',
      label: 'Dark colours',
      leftSection: <Moon {...icon} />,
      onClick: () => setColorScheme('dark'),
    },
  ];

  const help: SpotlightActionData[] = [
    {
      id: 'tour',
      label: 'Show me around',
      keywords: 'tour help first steps guide introduction',
      leftSection: <Compass {...icon} />,
      onClick: onTour,
    },
  ];

  return (
    <Spotlight
      shortcut={null}
      attributes={{ content: { 'aria-label': 'Go to a page or a device' } }}
      actions={[
        { group: 'Pages', actions: pages },
        { group: 'Devices', actions: devices },
        { group: 'Help', actions: help },
        { group: 'Colours', actions: switches },
      ]}
      nothingFound="Nothing has this name"
      highlightQuery
      scrollable
      maxHeight={420}
      searchProps={{
        placeholder: 'Go to …',
        'aria-label': 'Go to a page or a device',
        leftSection: <Search {...icon} />,
      }}
    />
  );
}
