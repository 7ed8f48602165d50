import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { hub } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';

export function PasswordForm({
  onEnter,
  onChallenge,
}: {
  onEnter: () => void;
  onChallenge: (challenge: string) => void;
}) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const signIn = useAction({
    run: () => ask(hub.POST('/session', { body: { email, password } })),
    onDone: (answer) => {
      if (answer.status === 'second_factor_required') onChallenge(answer.challenge);
      else onEnter();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label="E-mail"
          type="email"
          name="email"
          autoComplete="username"
          required
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          value={password}
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Failed error={signIn.error} />
        <Button type="submit" loading={signIn.isPending} fullWidth>
          Sign in
        </Button>
      </Stack>
    </form>
  );
}
