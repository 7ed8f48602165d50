import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { hub } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';

/** In a laboratory where nobody can sign in yet. */
export function FirstAdministratorForm({ onEnter }: { onEnter: () => void }) {
  const [given, setGiven] = useState({ token: '', name: '', email: '', password: '' });
  const setUp = useAction({ run: () => ask(hub.POST('/setup', { body: given })), onDone: onEnter });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setUp.mutate();
  };
  const field = (name: keyof typeof given) => ({
    name,
    required: true,
    value: given[name],
    onChange: ({ currentTarget: { value } }: { currentTarget: { value: string } }) =>
      setGiven((before) => ({ ...before, [name]: value })),
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">This laboratory has no accounts yet. Whoever started it can make the first one.</Text>
        <TextInput
          label="Setup token"
          description="It stands in the file that the start screen names."
          autoComplete="off"
          {...field('token')}
        />
        <TextInput label="Your name" autoComplete="name" {...field('name')} />
        <TextInput label="Address" type="email" autoComplete="username" {...field('email')} />
        <PasswordInput
          label="Password"
          description="At least 12 characters; a sentence is good."
          autoComplete="new-password"
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
          {...field('password')}
        />
        <Failed error={setUp.error} />
        <Button type="submit" loading={setUp.isPending} fullWidth>
          Make the account and sign in
        </Button>
      </Stack>
    </form>
  );
}
