import { Button, Group, PasswordInput, SimpleGrid, Stack, Title } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { hub } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';

const eye = { 'aria-label': 'Show or hide the password' };

export function PasswordForm() {
  const [old, setOld] = useState('');
  const [next, setNext] = useState('');
  const change = useAction({
    run: () => ask(hub.POST('/me/password', { body: { password: old, new_password: next } })),
    done: () => 'Your password was changed. Your other sessions have ended.',
    changes: [['hub-service', '/me/sessions']],
    onDone: () => {
      setOld('');
      setNext('');
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Title order={2} size="h4">
          Password
        </Title>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            required
            visibilityToggleButtonProps={eye}
            value={old}
            onChange={(event) => setOld(event.currentTarget.value)}
          />
          <PasswordInput
            label="New password, at least 12 characters"
            autoComplete="new-password"
            required
            visibilityToggleButtonProps={eye}
            value={next}
            onChange={(event) => setNext(event.currentTarget.value)}
          />
        </SimpleGrid>
        <Failed error={change.error} />
        <Group>
          <Button type="submit" variant="default" loading={change.isPending}>
            Change it
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
