import { Button, Checkbox, Group, SimpleGrid, Stack, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { fromHub, hub } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';

interface Given {
  readonly time_zone: string;
  readonly quiet_hours: { readonly from: string; readonly until: string } | null;
  readonly digest_at: string;
}

/** When somebody wants to hear of things. */
export function QuietHours() {
  const query = useQuery(fromHub.read('/notifications/preferences'));
  return (
    <Stack component="section" gap="sm">
      <Title order={2} size="h4">
        Quiet hours and digests
      </Title>
      {query.isPending && <LoadingRows what="your preferences" rows={2} />}
      <Failed error={query.error} retry={query.refetch} />
      {query.data && <PreferencesForm given={query.data} />}
    </Stack>
  );
}

function PreferencesForm({ given }: { given: Given }) {
  const [zone, setZone] = useState(given.time_zone);
  const [quiet, setQuiet] = useState(given.quiet_hours !== null);
  const [from, setFrom] = useState(given.quiet_hours?.from ?? '22:00');
  const [until, setUntil] = useState(given.quiet_hours?.until ?? '07:00');
  const [digestAt, setDigestAt] = useState(given.digest_at);
  const keep = useAction({
    run: () =>
      ask(
        hub.PUT('/notifications/preferences', {
          body: {
            time_zone: zone.trim(),
            quiet_hours: quiet ? { from, until } : null,
            digest_at: digestAt,
          },
        }),
      ),
    done: ({ message }) => message,
    changes: [['hub-service', '/notifications/preferences']],
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    keep.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Checkbox
          label="Quiet hours: mail, webhook and Slack messages wait, unless they are critical"
          checked={quiet}
          onChange={(event) => setQuiet(event.currentTarget.checked)}
        />
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
          <TextInput
            label="From"
            type="time"
            disabled={!quiet}
            value={from}
            onChange={(event) => setFrom(event.currentTarget.value)}
          />
          <TextInput
            label="Until"
            type="time"
            disabled={!quiet}
            value={until}
            onChange={(event) => setUntil(event.currentTarget.value)}
          />
          <TextInput
            label="Daily digest at"
            type="time"
            value={digestAt}
            onChange={(event) => setDigestAt(event.currentTarget.value)}
          />
          <TextInput
            label="Time zone"
            value={zone}
            onChange={(event) => setZone(event.currentTarget.value)}
          />
        </SimpleGrid>
        <Failed error={keep.error} />
        <Group>
          <Button type="submit" variant="default" loading={keep.isPending}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
