import { ActionIcon, Menu, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { CircleUser, LogOut } from 'lucide-react';
import { ask } from '../api/ask.ts';
import { hub } from '../api/services.ts';
import { useSession } from '../api/session.ts';
import { useAction } from '../api/use-action.ts';

/** Who is signed in, and the way out. */
export function AccountMenu() {
  const session = useSession();
  const queries = useQueryClient();
  const signOut = useAction({
    run: () => ask(hub.DELETE('/session')),
    // Nothing of this person stays in the page.
    onDone: () => void queries.resetQueries(),
  });
  if (session.kind === 'nobody') return null;
  return (
    <Menu position="bottom-end" width={310}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Account of ${session.name}`}>
          <CircleUser size={20} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text fw={600} c="var(--mantine-color-text)">
            {session.name}
          </Text>
          {session.kind === 'local' ? 'No accounts: everybody here may do everything' : session.role}
        </Menu.Label>
        {session.kind === 'person' && (
          <Menu.Item leftSection={<LogOut size={16} aria-hidden />} onClick={() => signOut.mutate()}>
            Sign out
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
