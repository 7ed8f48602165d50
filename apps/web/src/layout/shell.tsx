import { AppShell, Burger, Button, Group, Kbd, Text } from '@mantine/core';
import { useDisclosure, useHotkeys, useReducedMotion } from '@mantine/hooks';
import { Link, Outlet } from '@tanstack/react-router';
import { FlaskConical, Search } from 'lucide-react';
import { Suspense, useCallback, useState } from 'react';
import { useConnectionState } from '../live/live.tsx';
import { lazyPart } from '../load.ts';
import { OfflineBanner } from '../ui/offline-banner.tsx';
import { AccountMenu } from './account-menu.tsx';
import { ApprovalHost } from './approval/approval-host.tsx';
import { NotificationBell } from './bell.tsx';
import { ConnectionBadge } from './connection-badge.tsx';
import { SchemeSwitch } from './scheme-switch.tsx';
import classes from './shell.module.css';
import { Sidebar } from './sidebar.tsx';
import { isFirstVisit } from './tour/first-visit.ts';

const CommandPalette = lazyPart(() => import('./command-palette.tsx'));
const Tour = lazyPart(() => import('./tour/tour.tsx'));
const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** The frame of every page: head, sidebar (a menu on a phone), and the page itself. */
export function Shell() {
  const [menu, { toggle, close }] = useDisclosure(false);
  // How often the palette was asked for; 0: never, and it is not loaded.
  const [asked, setAsked] = useState(0);
  // How often the tour was asked for; 0: it is offered on the first visit. Undefined: there is none now.
  const [tour, setTour] = useState(() => (isFirstVisit() ? 0 : undefined));
  const endTour = useCallback(() => setTour(undefined), []);
  const calm = useReducedMotion();
  const open = () => setAsked((times) => times + 1);
  useHotkeys([['mod+K', open]], []);

  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !menu } }}
      padding="md"
      transitionDuration={calm ? 0 : 150}
    >
      <a className={classes.skip} href="#main">
        Skip to the page
      </a>
      <AppShell.Header className={classes.header}>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={menu}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={menu ? 'Close the menu' : 'Open the menu'}
              aria-expanded={menu}
            />
            <Link to="/" className={classes.brand} aria-label="Labwright: to the laboratory">
              <FlaskConical size={22} strokeWidth={2} aria-hidden />
              <Text component="span" fw={700} visibleFrom="xs">
                Labwright
              </Text>
            </Link>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ConnectionBadge />
            <Button
              variant="default"
              size="xs"
              onClick={open}
              data-tour="find"
              leftSection={<Search size={15} aria-hidden />}
              aria-keyshortcuts={isMac ? 'Meta+K' : 'Control+K'}
              className={classes.find}
            >
              <span className={classes.findText}>Go to …</span>
              <Kbd size="xs" ml={8} className={classes.findText}>
                {isMac ? '⌘K' : 'Ctrl K'}
              </Kbd>
            </Button>
            <NotificationBell />
            <SchemeSwitch />
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" className={classes.navbar} aria-label="Pages">
        <Sidebar onGo={close} />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} className={classes.main}>
        <OfflineBanner />
        <CurrentPage />
      </AppShell.Main>
      <Suspense>
        {asked > 0 && <CommandPalette asked={asked} onTour={() => setTour((times = 0) => times + 1)} />}
      </Suspense>
      <ApprovalHost />
      <Suspense>{tour !== undefined && <Tour key={tour} asked={tour} onEnd={endTour} />}</Suspense>
    </AppShell>
  );
}

/** What it shows is marked while nobody tells of changes: the banner above says since when. */
function CurrentPage() {
  const stale = useConnectionState() === 'offline';
  return (
    <div className={classes.page} data-stale={stale || undefined}>
      <Outlet />
    </div>
  );
}
