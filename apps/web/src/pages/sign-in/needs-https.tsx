import { Anchor, Text } from '@mantine/core';
import { LockOpen } from 'lucide-react';
import { Notice } from '../../ui/notice.tsx';

/**
 * In place of the form where this page came over http from another computer: a password would cross the network for all to read, and the
 * browser would drop the sign-in.
 */
export function NeedsHttps({ signInUrl }: { signInUrl: string | null }) {
  return (
    <Notice title="Nobody can sign in over http" icon={LockOpen} urgent>
      <Text size="sm">
        This page came over http from another computer: others on the network could read your password, and
        your browser would not keep you signed in.
      </Text>
      {signInUrl === null ? (
        <Text size="sm" mt="xs">
          Ask whoever runs this laboratory for its https address. They put TLS before it and name the address
          in HUB_PUBLIC_URL, as docs/how-to/accounts.md describes; on its own computer http://localhost works.
        </Text>
      ) : (
        <Text size="sm" mt="xs">
          Sign in at{' '}
          <Anchor
            href={`${signInUrl.replace(/\/+$/, '')}${location.pathname}${location.search}${location.hash}`}
          >
            {signInUrl}
          </Anchor>
        </Text>
      )}
    </Notice>
  );
}
