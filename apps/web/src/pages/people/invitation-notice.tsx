import { Code, Text } from '@mantine/core';
import { Notice } from '../../ui/notice.tsx';

/** What an administrator hands on; it stands behind the #, so no server and no log sees it. */
export function InvitationNotice({ token, name }: { token: string; name: string }) {
  return (
    <Notice title={`The invitation of ${name}`}>
      <Code block>{`${location.origin}/ui/#invitation=${token}`}</Code>
      <Text size="sm" mt="xs">
        It is shown only once. Whoever has it sets the password, so give it only to its owner.
      </Text>
    </Notice>
  );
}
