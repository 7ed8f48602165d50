import { NavLink, Stack, Text } from '@mantine/core';
import { Link, useLocation } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { roles, useSession } from '../api/session.ts';
import { type Destination, sections } from './navigation.ts';

/** Between where one is and the edge of a menu that scrolls, in pixels. */
const margin = 16;

/** `onGo`: a phone closes the menu when something is chosen. */
export function Sidebar({ onGo }: { onGo: () => void }) {
  const { pathname } = useLocation();
  const destinations = useDestinations();
  const menu = useRef<HTMLDivElement>(null);
  // In a low window the menu scrolls: where one is stays in sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever one is elsewhere
  useEffect(() => {
    const frame = menu.current?.parentElement;
    const here = menu.current?.querySelector('[aria-current="page"]')?.getBoundingClientRect();
    if (!frame || !here) return;
    // Not scrollIntoView: on a phone the closed menu stands beside the page, which would be moved to it.
    const { top, bottom } = frame.getBoundingClientRect();
    if (here.bottom > bottom) frame.scrollTop += here.bottom - bottom + margin;
    else if (here.top < top) frame.scrollTop -= top - here.top + margin;
  }, [pathname]);
  return (
    <Stack gap="md" ref={menu}>
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
