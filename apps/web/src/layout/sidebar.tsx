import { NavLink, Stack, Text } from '@mantine/core';
import { Link, useLocation } from '@tanstack/react-router';
import { roles, useSession } from '../api/session.ts';
import { type Destination, sections } from './navigation.ts';

/** `onGo`: a phone closes the menu when something is chosen. */
export function Sidebar({ onGo }: { onGo: () => void }) {
  const { pathname } = useLocation();
  const destinations = useDestinations();
  return (
    <Stack gap="md">
      {sections.map(({ label, items }) => (
        <Stack key={label} gap={2}>
          <Text size="xs" fw={700} c="dimmed" px="sm" tt="uppercase">
            {label}
          </Text>
          {items
            .filter((item) => destinations.includes(item))
            .map(({ to, label: name, icon: Icon }) => {
              const here = to === '/' ? pathname === '/' : pathname === to || pathname.startsWith(`${to}/`);
              return (
                <NavLink
                  key={to}
                  component={Link}
                  to={to}
                  label={name}
                  leftSection={<Icon size={18} strokeWidth={1.7} aria-hidden />}
                  active={here}
                  aria-current={here ? 'page' : undefined}
                  onClick={onGo}
                />
              );
            })}
        </Stack>
      ))}
    </Stack>
  );
}

/** What whoever is signed in may open. */
export function useDestinations(): readonly Destination[] {
  const session = useSession();
  const rank = session.kind === 'nobody' ? -1 : roles.indexOf(session.role);
  return sections
    .flatMap(({ items }) => items)
    .filter(({ role }) => role === undefined || roles.indexOf(role) <= rank);
}
