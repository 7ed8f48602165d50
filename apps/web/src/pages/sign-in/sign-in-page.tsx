import { Center, Paper, Stack, Text, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { FlaskConical } from 'lucide-react';
import { useEffect, useState } from 'react';
import { CodeForm } from './code-form.tsx';
import { FirstAdministratorForm } from './first-administrator-form.tsx';
import { InvitationForm } from './invitation-form.tsx';
import { NeedsHttps } from './needs-https.tsx';
import { PasswordForm } from './password-form.tsx';

/** The door: e-mail and password, then a code where the account has a second factor. In a new laboratory, its first administrator. */
export default function SignInPage({
  needsSetup,
  signInUrl,
}: {
  needsSetup: boolean;
  signInUrl: string | null;
}) {
  const queries = useQueryClient();
  const [challenge, setChallenge] = useState<string>();
  // An invitation stands behind the #: no server and no log sees it.
  const [invitation, setInvitation] = useState(() => /^#invitation=(.+)$/.exec(location.hash)?.[1]);
  const leave = () => {
    history.replaceState(null, '', location.pathname + location.search);
    setInvitation(undefined);
  };
  const title =
    invitation !== undefined
      ? 'Welcome'
      : challenge
        ? 'One more step'
        : needsSetup
          ? 'The first administrator'
          : 'Sign in';
  useEffect(() => {
    document.title = `${title} · Labwright`;
  }, [title]);
  // Whatever was asked as nobody is asked anew as somebody.
  const enter = () => {
    if (location.hash.startsWith('#invitation=')) leave();
    void queries.resetQueries();
  };

  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" w="100%" maw={400} bg="var(--lab-surface)">
        <Stack>
          <Stack gap={4} align="center">
            <FlaskConical size={34} strokeWidth={1.7} aria-hidden color="var(--mantine-color-anchor)" />
            <Title order={1} size="h3">
              {title}
            </Title>
            <Text size="sm" c="dimmed">
              Labwright
            </Text>
          </Stack>
          {!window.isSecureContext ? (
            <NeedsHttps signInUrl={signInUrl} />
          ) : invitation !== undefined ? (
            <InvitationForm invitation={invitation} onEnter={enter} onBack={leave} />
          ) : challenge ? (
            <CodeForm challenge={challenge} onEnter={enter} onBack={() => setChallenge(undefined)} />
          ) : needsSetup ? (
            <FirstAdministratorForm onEnter={enter} />
          ) : (
            <PasswordForm onEnter={enter} onChallenge={setChallenge} />
          )}
        </Stack>
      </Paper>
    </Center>
  );
}
