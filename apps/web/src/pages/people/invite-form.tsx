import { Button, Group, Select, Stack, TextInput } from '@mantine/core';
import { UserPlus } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { hub } from '../../api/services.ts';
import { type Role, roles } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';
import { InvitationNotice } from './invitation-notice.tsx';

/** Makes an account, and the invitation with which its owner sets the password. */
export function InviteForm() {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('scientist');
  const invite = useAction({
    run: () => ask(hub.POST('/users', { body: { name: name.trim(), email: email.trim(), role } })),
    changes: [['hub-service', '/users']],
    onDone: () => {
      setName('');
      setEmail('');
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    invite.mutate();
  };
  return (
    <form onSubmit={submit} aria-label="Invite somebody">
      <Stack gap="xs">
        <Group align="flex-end" gap="sm">
          <TextInput
            label="Name"
            required
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label="E-mail"
            type="email"
            required
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <Select
            label="Role"
            w={130}
            data={[...roles]}
            value={role}
            allowDeselect={false}
            onChange={(value) => value && setRole(value as Role)}
          />
          <Button type="submit" loading={invite.isPending} leftSection={<UserPlus size={17} aria-hidden />}>
            Invite
          </Button>
        </Group>
        <Failed error={invite.error} />
        {invite.data?.invitation && (
          <InvitationNotice invitation={invite.data.invitation} name={invite.data.user.name} />
        )}
      </Stack>
    </form>
  );
}
