import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { hub } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';

/** Somebody who was invited sets the password, and is signed in with it. */
export function InvitationForm({
  invitation,
  onEnter,
  onBack,
}: {
  /** As it stood in the address; empty: typed in. */
  invitation: string;
  onEnter: () => void;
  onBack: () => void;
}) {
  const [token, setToken] = useState(invitation);
  const [password, setPassword] = useState('');
  const accept = useAction({
    run: () => ask(hub.POST('/invitations/accept', { body: { token: token.trim(), password } })),
    onDone: (answer) => {
      if (answer.status === 'signed_in') onEnter();
      // With a second factor only the password is set.
      else onBack();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    accept.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">
          An administrator has invited you. Choose the password with which you will sign in.
        </Text>
        {invitation === '' && (
          <TextInput
            label="Invitation"
            required
            autoComplete="off"
            value={token}
            onChange={(event) => setToken(event.currentTarget.value)}
          />
        )}
        <PasswordInput
          label="New password"
          description="At least 12 characters; a sentence is good."
          autoComplete="new-password"
          required
          value={password}
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Failed error={accept.error} />
        <Button type="submit" loading={accept.isPending} fullWidth>
          Set it and sign in
        </Button>
        <Button type="button" variant="subtle" onClick={onBack}>
          I have a password already
        </Button>
      </Stack>
    </form>
  );
}
