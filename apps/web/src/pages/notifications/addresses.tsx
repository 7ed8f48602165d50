import { Button, Code, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { fromHub, hub } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { Notice } from '../../ui/notice.tsx';

const changes = [['hub-service', '/notifications/addresses']];
const names = { webhook: 'Webhook', slack: 'Slack' } as const;
type Channel = keyof typeof names;

/** Where somebody is reached outside these pages; mail goes to the address of the account. */
export function Addresses() {
  const query = useQuery(fromHub.read('/notifications/addresses'));
  return (
    <Stack component="section" gap="md">
      <Title order={2} size="h4">
        How to reach you
      </Title>
      {query.isPending && <LoadingRows what="where you are reached" rows={2} />}
      <Failed error={query.error} retry={query.refetch} />
      {query.data &&
        (['webhook', 'slack'] as const).map((channel) => (
          <AddressOf
            key={channel}
            channel={channel}
            known={query.data.addresses.find((address) => address.channel === channel)?.url}
          />
        ))}
    </Stack>
  );
}

function AddressOf({ channel, known }: { channel: Channel; known: string | undefined }) {
  const [url, setUrl] = useState('');
  const path = { params: { path: { channel } } };
  const set = useAction({
    run: () => ask(hub.PUT('/notifications/addresses/{channel}', { ...path, body: { url: url.trim() } })),
    done: ({ message }) => message,
    changes,
    onDone: () => setUrl(''),
  });
  const remove = useAction({
    run: () => ask(hub.DELETE('/notifications/addresses/{channel}', path)),
    done: ({ message }) => message,
    changes,
    onDone: () => set.reset(),
  });
  const test = useAction({
    run: () => ask(hub.POST('/notifications/addresses/{channel}/test', path)),
    done: ({ message }) => message,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    set.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <Group align="flex-end" gap="xs">
          <TextInput
            flex={1}
            miw={240}
            label={names[channel]}
            description={known ? `Now: ${known}` : 'Not set.'}
            type="url"
            placeholder="https://"
            required
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
          />
          <Button
            type="submit"
            variant="default"
            loading={set.isPending}
            aria-label={`Set ${names[channel]}`}
          >
            Set
          </Button>
          {known && (
            <>
              <Button
                variant="default"
                loading={test.isPending}
                aria-label={`Test ${names[channel]}`}
                onClick={() => test.mutate()}
              >
                Test
              </Button>
              <Button
                variant="default"
                loading={remove.isPending}
                aria-label={`Remove ${names[channel]}`}
                onClick={() => remove.mutate()}
              >
                Take out
              </Button>
            </>
          )}
        </Group>
        {set.data?.secret && (
          <Notice title="The secret that signs these messages">
            <Code>{set.data.secret}</Code>
            <Text size="sm">Shown this once: put it where the messages are received.</Text>
          </Notice>
        )}
        <Failed error={set.error ?? remove.error ?? test.error} />
      </Stack>
    </form>
  );
}
