import { Button, CloseButton, Group, Portal, Text } from '@mantine/core';
import classes from './tour.module.css';

/** Asks beside the page, not above it: nothing is covered but a corner, and the keyboard stays where it is. */
export function Invitation({ onBegin, onDecline }: { onBegin: () => void; onDecline: () => void }) {
  return (
    <Portal>
      <aside className={classes.invitation} aria-labelledby="tour-invitation">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Text id="tour-invitation" fw={650}>
            New here?
          </Text>
          <CloseButton aria-label="Close the invitation" size="sm" onClick={onDecline} />
        </Group>
        <Text size="sm" mb="sm">
          This is a demo laboratory with simulated instruments. Five short steps show how it works.
        </Text>
        <Group gap="xs">
          <Button size="xs" onClick={onBegin}>
            Show me around
          </Button>
          <Button size="xs" variant="default" onClick={onDecline}>
            No, thank you
          </Button>
        </Group>
      </aside>
    </Portal>
  );
}
