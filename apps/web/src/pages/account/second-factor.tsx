import { Button, Code, Group, List, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { fromHub, hub } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';
import { Notice } from '../../ui/notice.tsx';
import { QrCode } from './qr-code.tsx';

const eye = { 'aria-label': 'Show or hide the password' };
const changes = [['hub-service', '/me']];

/** A code of an authenticator, beside the password. */
export function SecondFactor() {
  const me = useQuery(fromHub.read('/me'));
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const done = () => {
    setPassword('');
    setCode('');
  };
  const begin = useAction({
    run: () => ask(hub.POST('/me/second-factor', { body: { password } })),
    onDone: done,
  });
  const confirm = useAction({
    run: () => ask(hub.POST('/me/second-factor/confirm', { body: { code: code.trim() } })),
    changes,
    onDone: () => {
      done();
      begin.reset();
    },
  });
  const renew = useAction({
    run: () => ask(hub.POST('/me/second-factor/recovery-codes', { body: { password, code: code.trim() } })),
    onDone: done,
  });
  const remove = useAction({
    run: () => ask(hub.POST('/me/second-factor/remove', { body: { password, code: code.trim() } })),
    done: () => 'From now on you sign in with your password alone.',
    changes,
    onDone: () => {
      done();
      confirm.reset();
      renew.reset();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (begin.data) confirm.mutate();
    else if (!me.data?.second_factor) begin.mutate();
  };
  const codes = renew.data?.recovery_codes ?? confirm.data?.recovery_codes;
  const set = me.data?.second_factor === true;

  return (
    <form onSubmit={submit} aria-label="Second factor">
      <Stack gap="sm">
        <Title order={2} size="h4">
          Second factor
        </Title>
        <Text size="sm">
          {set
            ? 'A code of your authenticator is asked for at each sign-in.'
            : 'A code of an authenticator app, asked for at each sign-in: who learns your password cannot use it.'}
        </Text>
        {codes && (
          <Notice title="Your recovery codes">
            <Text size="sm">
              These are shown only once. Each signs you in once when you do not have your authenticator: print
              them.
            </Text>
            <List type="unordered" size="sm" mt="xs">
              {codes.map((each) => (
                <List.Item key={each}>
                  <Code>{each}</Code>
                </List.Item>
              ))}
            </List>
          </Notice>
        )}
        {begin.data && (
          <Stack gap="xs">
            <Text size="sm">Scan this with the authenticator, then type the code that it shows.</Text>
            <QrCode text={begin.data.url} label="The secret of your second factor, as a QR code" />
            <Text size="sm">
              Or type the secret: <Code>{begin.data.secret}</Code>
            </Text>
          </Stack>
        )}
        <Group align="flex-end">
          {!begin.data && (
            <PasswordInput
              label="Confirm your password"
              autoComplete="current-password"
              w={280}
              visibilityToggleButtonProps={eye}
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
          )}
          {(begin.data || set) && (
            <TextInput
              label="Code"
              autoComplete="one-time-code"
              inputMode="numeric"
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
            />
          )}
          {set ? (
            <>
              <Button variant="default" loading={renew.isPending} onClick={() => renew.mutate()}>
                New recovery codes
              </Button>
              <Button variant="default" loading={remove.isPending} onClick={() => remove.mutate()}>
                Remove it
              </Button>
            </>
          ) : (
            <Button type="submit" variant="default" loading={begin.isPending || confirm.isPending}>
              {begin.data ? 'Confirm the code' : 'Set it up'}
            </Button>
          )}
        </Group>
        <Failed error={begin.error ?? confirm.error ?? renew.error ?? remove.error} />
      </Stack>
    </form>
  );
}
