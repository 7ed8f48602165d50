import { Button, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { hub } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';

export function CodeForm({
  challenge,
  onEnter,
  onBack,
}: {
  challenge: string;
  onEnter: () => void;
  onBack: () => void;
}) {
  const [code, setCode] = useState('');
  const confirm = useAction({
    run: () => ask(hub.POST('/session/second-factor', { body: { challenge, code: code.trim() } })),
    onDone: onEnter,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    confirm.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label="Code"
          description="The six digits of your authenticator, or a recovery code."
          name="code"
          autoComplete="one-time-code"
          required
          autoFocus
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
        <Failed error={confirm.error} />
        <Button type="submit" loading={confirm.isPending} fullWidth>
          Go on
        </Button>
        <Button type="button" variant="subtle" onClick={onBack}>
          Sign in as somebody else
        </Button>
      </Stack>
    </form>
  );
}
