import {
  ActionIcon,
  Button,
  Group,
  Select,
  SimpleGrid,
  Stack,
  Table,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Trash2 } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { fromHub, hub } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { TableFrame } from '../../ui/table-frame.tsx';

const changes = [['hub-service', '/notifications/subscriptions']];
const channels = { in_app: 'Here', email: 'Mail', webhook: 'Webhook', slack: 'Slack' } as const;
const types = {
  '*': 'Everything',
  'workflow.*': 'Workflows',
  'workflow.failed': 'Workflows that fail',
  'workflow.completed': 'Workflows that complete',
  'step.unknown': 'Steps with an unknown outcome',
  'device.*': 'Devices',
  'task.*': 'Tasks',
  'laboratory.*': 'News of the laboratory',
  'laboratory.announced': 'Announcements',
} as const;
const digests = { none: 'At once', hourly: 'Once an hour', daily: 'Once a day' } as const;
type Choice<T> = Extract<keyof T, string>;
const choices = (named: Record<string, string>) =>
  Object.entries(named).map(([value, label]) => ({ value, label }));

/** What somebody wants to hear of, and by which channel. */
export function Subscriptions() {
  const query = useQuery(fromHub.read('/notifications/subscriptions'));
  const [channel, setChannel] = useState<Choice<typeof channels>>('in_app');
  const [type, setType] = useState<Choice<typeof types>>('workflow.failed');
  const [severity, setSeverity] = useState<'info' | 'warning' | 'critical'>('info');
  const [digest, setDigest] = useState<Choice<typeof digests>>('none');
  const [device, setDevice] = useState('');
  const add = useAction({
    run: () =>
      ask(
        hub.POST('/notifications/subscriptions', {
          body: {
            channel,
            event_type: type,
            min_severity: severity,
            digest,
            ...(device.trim() ? { device_id: device.trim() } : {}),
          },
        }),
      ),
    done: ({ message }) => message,
    changes,
  });
  const remove = useAction({
    run: (id: string) => ask(hub.DELETE('/notifications/subscriptions/{id}', { params: { path: { id } } })),
    changes,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  const named = (known: Record<string, string>, value: string) => known[value] ?? value;

  return (
    <Stack component="section" gap="sm">
      <Title order={2} size="h4">
        What you are told about
      </Title>
      {query.isPending && <LoadingRows what="what you hear of" rows={3} />}
      <Failed error={query.error} retry={query.refetch} />
      {query.data?.subscriptions.length === 0 && (
        <Text c="dimmed">Nothing yet: you are told only what concerns you personally.</Text>
      )}
      {query.data && query.data.subscriptions.length > 0 && (
        <TableFrame label="What you are told about" cards>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">What</Table.Th>
                <Table.Th scope="col">Where</Table.Th>
                <Table.Th scope="col">When</Table.Th>
                <Table.Th scope="col">
                  <Text size="sm" fw={700}>
                    Take out
                  </Text>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {query.data.subscriptions.map((each) => {
                const what = `${named(types, each.event_type)}${each.device_id ? ` at ${each.device_id}` : ''}${
                  each.workflow_id ? ` of ${each.workflow_id}` : ''
                }${each.min_severity === 'info' ? '' : `, ${each.min_severity} and worse`}`;
                return (
                  <Table.Tr key={each.id}>
                    <Table.Td>{what}</Table.Td>
                    <Table.Td data-label="Where">{named(channels, each.channel)}</Table.Td>
                    <Table.Td data-label="When">{named(digests, each.digest)}</Table.Td>
                    <Table.Td>
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        aria-label={`Remove: ${what}, ${named(channels, each.channel)}`}
                        onClick={() => remove.mutate(each.id)}
                      >
                        <Trash2 size={17} aria-hidden />
                      </ActionIcon>
                    </Table.Td>
                  </Table.Tr>
                );
              })}
            </Table.Tbody>
          </Table>
        </TableFrame>
      )}
      <Failed error={remove.error} />
      <form onSubmit={submit}>
        <Stack gap="sm">
          <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
            <Select
              label="What"
              data={choices(types)}
              value={type}
              allowDeselect={false}
              onChange={(value) => value && setType(value as typeof type)}
            />
            <Select
              label="Severity"
              data={[
                { value: 'info', label: 'Anything' },
                { value: 'warning', label: 'Warnings and worse' },
                { value: 'critical', label: 'Critical only' },
              ]}
              value={severity}
              allowDeselect={false}
              onChange={(value) => value && setSeverity(value as typeof severity)}
            />
            <TextInput
              label="Device (optional)"
              value={device}
              onChange={(event) => setDevice(event.currentTarget.value)}
            />
            <Select
              label="Where"
              data={choices(channels)}
              value={channel}
              allowDeselect={false}
              onChange={(value) => value && setChannel(value as typeof channel)}
            />
            <Select
              label="When"
              data={choices(digests)}
              value={digest}
              allowDeselect={false}
              onChange={(value) => value && setDigest(value as typeof digest)}
            />
          </SimpleGrid>
          <Failed error={add.error} />
          <Group>
            <Button type="submit" loading={add.isPending}>
              Subscribe
            </Button>
          </Group>
        </Stack>
      </form>
    </Stack>
  );
}
