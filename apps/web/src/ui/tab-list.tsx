import { Tabs } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';
import classes from './tab-list.module.css';

/** Tabs in one line, which scrolls where it is too narrow; the one that is shown is in sight. */
export function TabList({ shown, children }: { shown: string; children: ReactNode }) {
  const list = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever another one is shown
  useEffect(() => {
    list.current
      ?.querySelector('[aria-selected="true"]')
      ?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [shown]);
  return (
    <Tabs.List ref={list} mb="md" className={classes.list}>
      {children}
    </Tabs.List>
  );
}
