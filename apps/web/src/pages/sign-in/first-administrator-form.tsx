import { Button, Code, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
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
          description={
            <>
              On the computer that runs Labwright, <Code>cat .labwright/setup-token</Code> shows it where it
              was started; the start screen names the file. Where <Code>LABWRIGHT_SETUP_TOKEN</Code> is set,
              it is that.
            </>
          }
          autoComplete="off"
          {...field('token')}
        />
        <TextInput label="Your name" autoComplete="name" {...field('name')} />
        <TextInput label="E-mail" type="email" autoComplete="username" {...field('email')} />
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
