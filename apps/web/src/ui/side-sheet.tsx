import { Drawer, Group } from '@mantine/core';
import type { ReactNode } from 'react';

/** More about one thing, beside what it was found in; Escape closes it. */
export function SideSheet({
  opened,
  onClose,
  title,
  children,
}: {
  opened: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
}) {
  return (
    <Drawer.Root opened={opened} onClose={onClose} position="right" size="xl">
      <Drawer.Overlay />
      <Drawer.Content>
        <Drawer.Body>
          {/* Not the header of Mantine, which is a second banner of the page. */}
          <Group justify="space-between" wrap="nowrap" align="flex-start" py="sm">
            <Drawer.Title style={{ overflowWrap: 'anywhere' }}>{title}</Drawer.Title>
            <Drawer.CloseButton aria-label="Close" />
          </Group>
          {children}
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}
