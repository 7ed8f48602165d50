import { Stack, Text } from '@mantine/core';
import { useSession } from '../../api/session.ts';
import { PageHeader } from '../../ui/page-header.tsx';
import { ApiTokens } from './api-tokens.tsx';
import { PasswordForm } from './password-form.tsx';
import { SecondFactor } from './second-factor.tsx';
import { Sessions } from './sessions.tsx';

/** What is one's own: password, second factor, sessions, tokens for machines. */
export default function AccountPage() {
  const session = useSession();
  if (session.kind === 'nobody') return null;
  return (
    <>
      <PageHeader title="Your account">{`${session.name}, ${session.role}`}</PageHeader>
      <Stack gap="xl" maw={860}>
        {session.kind === 'local' ? (
          <Text>
            This laboratory has no accounts: everybody at this computer may do everything. With
            LABWRIGHT_ACCOUNTS=1 people sign in.
          </Text>
        ) : (
          <>
            <PasswordForm />
            <SecondFactor />
            <Sessions />
          </>
        )}
        <ApiTokens />
      </Stack>
    </>
  );
}
