import { Button, Group, Menu, Select, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { MoreHorizontal, Users } from 'lucide-react';
import { useState } from 'react';
import { ask } from '../../api/ask.ts';
import { fromHub, hub } from '../../api/services.ts';
import { type Role, roles, useMay } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { ConfirmWithReason } from '../../ui/confirm-with-reason.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { Notice } from '../../ui/notice.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { InvitationNotice } from './invitation-notice.tsx';
import { InviteForm } from './invite-form.tsx';

interface Person {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
}
type Asked = { readonly what: 'lock' | 'unlock' | 'factor'; readonly person: Person };

const changes = [['hub-service', '/users']];

/** Who may use this laboratory; for administrators. */
export default function PeoplePage() {
  const admin = useMay('admin');
  return admin ? (
    <People />
  ) : (
    <>
      <PageHeader title="People" />
      <Empty title="Administrators look after people" icon={Users}>
        Ask one of them for an invitation or another role.
      </Empty>
    </>
  );
}

function People() {
  const query = useInfiniteQuery(fromHub.pages('/users', { params: { query: { limit: 50 } } }));
  const [asked, setAsked] = useState<Asked>();
  const [promoted, setPromoted] = useState<{ person: Person; role: Role }>();
  const change = useAction({
    run: ({ id, role, reason }: { id: string; role: Role; reason: string }) =>
      ask(
        hub.PATCH('/users/{id}', { params: { path: { id } }, body: { role, ...(reason ? { reason } : {}) } }),
      ),
    changes,
  });
  const carryOut = useAction({
    run: async ({
      what,
      id,
      reason,
    }: {
      what: Asked['what'];
      id: string;
      reason: string;
    }): Promise<unknown> => {
      const path = { params: { path: { id } } };
      if (what === 'lock') return ask(hub.POST('/users/{id}/lock', { ...path, body: { reason } }));
      if (what === 'unlock') return ask(hub.POST('/users/{id}/unlock', { ...path, body: { reason } }));
      return ask(hub.POST('/users/{id}/second-factor/remove', { ...path, body: { reason } }));
    },
    changes,
  });
  const invite = useAction({
    run: ({ id }: Person) => ask(hub.POST('/users/{id}/invitation', { params: { path: { id } } })),
    changes,
  });
  const asks = {
    lock: {
      title: 'Lock',
      text: 'All sessions and tokens of this person end right away.',
      dangerous: true,
    },
    unlock: { title: 'Unlock', text: 'They can sign in again.', dangerous: false },
    factor: {
      title: 'Remove the second factor of',
      text: 'They then sign in with their password alone. Do this if they have lost both the authenticator and the recovery codes.',
      dangerous: true,
    },
  } as const;

  return (
    <>
      <PageHeader title="People">Who may use this laboratory, and what they may do.</PageHeader>
      <Stack>
        <InviteForm />
        {invite.data && <InvitationNotice invitation={invite.data} name={invite.variables?.name ?? ''} />}
        <Failed error={invite.error} />
        <DataTable
          caption="People"
          query={query}
          rows={(page) => page.users}
          rowKey={({ id }) => id}
          columns={[
            {
              key: 'name',
              title: 'Name',
              cell: ({ name, email }) => (
                <Stack gap={0}>
                  <Text size="sm" fw={600}>
                    {name}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {email}
                  </Text>
                </Stack>
              ),
            },
            {
              key: 'role',
              title: 'Role',
              cell: (person) => (
                <Select
                  aria-label={`Role of ${person.name}`}
                  size="xs"
                  w={120}
                  data={[...roles]}
                  value={person.role}
                  allowDeselect={false}
                  onChange={(role) =>
                    role && role !== person.role && setPromoted({ person, role: role as Role })
                  }
                />
              ),
            },
            {
              key: 'state',
              title: 'State',
              cell: ({ state, lock_reason }) => (
                <Stack gap={2} align="flex-start">
                  <StatusBadge status={state} />
                  {lock_reason && <Text size="xs">{lock_reason}</Text>}
                </Stack>
              ),
            },
            {
              key: 'factor',
              title: 'Second factor',
              cell: ({ second_factor }) => (second_factor ? 'Set' : 'None'),
            },
            {
              key: 'more',
              title: 'More',
              cell: (person) => (
                <Menu position="bottom-end">
                  <Menu.Target>
                    <Button size="compact-sm" variant="default" aria-label={`More about ${person.name}`}>
                      <MoreHorizontal size={16} aria-hidden />
                    </Button>
                  </Menu.Target>
                  <Menu.Dropdown>
                    <Menu.Item onClick={() => invite.mutate(person)}>New invitation</Menu.Item>
                    {person.second_factor && (
                      <Menu.Item onClick={() => setAsked({ what: 'factor', person })}>
                        Remove the second factor
                      </Menu.Item>
                    )}
                    <Menu.Item
                      onClick={() =>
                        setAsked({ what: person.state === 'locked' ? 'unlock' : 'lock', person })
                      }
                    >
                      {person.state === 'locked' ? 'Unlock' : 'Lock'}
                    </Menu.Item>
                  </Menu.Dropdown>
                </Menu>
              ),
            },
          ]}
          empty={
            <Empty title="Nobody has an account yet" icon={Users}>
              Accounts can be prepared before sign-in is asked for (LABWRIGHT_ACCOUNTS=1).
            </Empty>
          }
        />
        <Notice title="What the roles mean">
          <Group gap="xs">
            <Text size="sm">
              viewer reads; scientist runs workflows; operator looks after devices and queues; admin looks
              after people.
            </Text>
          </Group>
        </Notice>
      </Stack>
      {asked && (
        <ConfirmWithReason
          opened
          onClose={() => setAsked(undefined)}
          title={`${asks[asked.what].title} ${asked.person.name}?`}
          confirm={asked.what === 'factor' ? 'Remove it' : asks[asked.what].title}
          reason="needed"
          dangerous={asks[asked.what].dangerous}
          onConfirm={(reason) => carryOut.mutateAsync({ what: asked.what, id: asked.person.id, reason })}
        >
          {asks[asked.what].text}
        </ConfirmWithReason>
      )}
      {promoted && (
        <ConfirmWithReason
          opened
          onClose={() => setPromoted(undefined)}
          title={`Make ${promoted.person.name} ${promoted.role}?`}
          confirm="Change the role"
          reason="asked"
          onConfirm={(reason) => change.mutateAsync({ id: promoted.person.id, role: promoted.role, reason })}
        >
          It takes effect right away.
        </ConfirmWithReason>
      )}
    </>
  );
}
