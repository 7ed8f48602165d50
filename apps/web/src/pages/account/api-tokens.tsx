import {
  Button,
  Code,
  Group,
  MultiSelect,
  NumberInput,
  Select,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { KeyRound } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { fromHub, hub } from '../../api/services.ts';
import { type Role, roles, useSession } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { ConfirmWithReason } from '../../ui/confirm-with-reason.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { Notice } from '../../ui/notice.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Time } from '../../ui/time.tsx';
import { scopeChoices } from './scopes.ts';

const changes = [['hub-service', '/api-tokens']];

/** Tokens for machines and scripts: what one may do, and no more. */
export function ApiTokens() {
  const session = useSession();
  const rank = session.kind === 'nobody' ? -1 : roles.indexOf(session.role);
  const query = useInfiniteQuery(fromHub.pages('/api-tokens', { params: { query: { limit: 20 } } }));
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const [scopes, setScopes] = useState<string[]>([]);
  const [days, setDays] = useState<number | string>(90);
  const [asked, setAsked] = useState<{ id: string; name: string }>();
  const make = useAction({
    run: () =>
      ask(
        hub.POST('/api-tokens', {
          body: {
            name: name.trim(),
            role,
            scopes: scopes.length > 0 ? scopes : null,
            expires_in_days: typeof days === 'number' ? days : null,
          },
        }),
      ),
    changes,
    onDone: () => setName(''),
  });
  const revoke = useAction({
    run: (id: string) => ask(hub.DELETE('/api-tokens/{id}', { params: { path: { id } } })),
    changes,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <Stack gap="sm">
      <Title order={2} size="h4">
        API tokens
      </Title>
      <form onSubmit={submit} aria-label="Make a token">
        <Stack gap="xs">
          <Group align="flex-end" gap="sm">
            <TextInput
              label="What it is for"
              required
              maxLength={100}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Select
              label="Role"
              w={130}
              data={roles.filter((_each, index) => index <= rank)}
              value={role}
              allowDeselect={false}
              onChange={(value) => value && setRole(value as Role)}
            />
            <MultiSelect
              label="Scopes"
              placeholder={scopes.length === 0 ? 'Everything the role allows' : ''}
              miw={220}
              data={scopeChoices}
              value={scopes}
              onChange={setScopes}
            />
            <NumberInput
              label="Days (empty: never expires)"
              w={150}
              min={1}
              max={3650}
              value={days}
              onChange={setDays}
            />
            <Button type="submit" loading={make.isPending} leftSection={<KeyRound size={17} aria-hidden />}>
              Make it
            </Button>
          </Group>
          <Failed error={make.error} />
          {make.data && (
            <Notice title={`The token “${make.data.api_token.name}”`}>
              <Code block>{make.data.token}</Code>
              <Text size="sm" mt="xs">
                It is shown only once: keep it where only the machine can read it.
              </Text>
            </Notice>
          )}
        </Stack>
      </form>
      <Failed error={revoke.error} />
      <DataTable
        caption="API tokens"
        query={query}
        rows={(page) => page.api_tokens}
        rowKey={({ id }) => id}
        columns={[
          {
            key: 'name',
            title: 'Token',
            cell: ({ name: each, hint }) => (
              <Stack gap={0}>
                <Text size="sm" fw={600}>
                  {each}
                </Text>
                <Code>{hint}…</Code>
              </Stack>
            ),
          },
          {
            key: 'may',
            title: 'May',
            cell: ({ role: its, scopes: allowed }) => `${its}${allowed ? `: ${allowed.join(', ')}` : ''}`,
          },
          {
            key: 'used',
            title: 'Last used',
            cell: ({ last_used_at }) => (last_used_at ? <Time at={last_used_at} /> : 'never'),
          },
          {
            key: 'end',
            title: 'Ends',
            cell: ({ id, name: each, expires_at, revoked_at }) =>
              revoked_at ? (
                <StatusBadge status="cancelled" text="revoked" />
              ) : (
                <Group gap="xs">
                  {expires_at && <Time at={expires_at} />}
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={`Revoke ${each}`}
                    onClick={() => setAsked({ id, name: each })}
                  >
                    Revoke
                  </Button>
                </Group>
              ),
          },
        ]}
        empty={
          <Empty title="No tokens" icon={KeyRound}>
            Scripts and instruments use tokens to sign in.
          </Empty>
        }
      />
      {asked && (
        <ConfirmWithReason
          opened
          onClose={() => setAsked(undefined)}
          title={`Revoke ${asked.name}?`}
          confirm="Revoke"
          dangerous
          onConfirm={() => revoke.mutateAsync(asked.id)}
        >
          Everything that uses it stops working right away.
        </ConfirmWithReason>
      )}
    </Stack>
  );
}
