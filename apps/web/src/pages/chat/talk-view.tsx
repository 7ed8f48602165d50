import { Button, Center, Group, Stack, Text } from '@mantine/core';
import { MessageCircle } from 'lucide-react';
import { useMay } from '../../api/session.ts';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import classes from './chat.module.css';
import { Composer } from './composer.tsx';
import { MessageLine } from './message-line.tsx';
import { useTalk } from './use-talk.ts';

/** The talk of one room, newest at the end. */
export function TalkView({ room, name }: { room: string; name: string }) {
  const { query, messages, people, typists, learn } = useTalk(room);
  const mayWrite = useMay('scientist');
  return (
    <Stack gap="sm">
      <Group gap="xs" justify="space-between">
        <Text size="sm" c="dimmed" role="status">
          {people.length === 0
            ? 'Nobody else looks.'
            : `Here now: ${people.map((each) => each.name).join(', ')}`}
        </Text>
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section className={classes.frame} aria-label={`Talk: ${name}`} tabIndex={0}>
        <div className={classes.talk}>
          {query.isPending && <LoadingRows what="the talk" />}
          <Failed error={query.error} retry={query.refetch} />
          {query.hasNextPage && (
            <Center>
              <Button
                size="xs"
                variant="default"
                loading={query.isFetchingNextPage}
                onClick={() => void query.fetchNextPage()}
              >
                Show earlier ones
              </Button>
            </Center>
          )}
          {query.data && messages.length === 0 && (
            <Empty title="Nobody has written here yet" icon={MessageCircle}>
              What is said here is kept with {name}.
            </Empty>
          )}
          <Stack component="ol" gap={2} p={0} m={0} style={{ listStyle: 'none' }} aria-live="polite">
            {messages.map((message) => (
              <MessageLine key={message.id} message={message} learn={learn} />
            ))}
          </Stack>
        </div>
      </section>
      <Text size="sm" c="dimmed" role="status" mih="1.4em">
        {typists.size > 0 &&
          `${[...typists.values()].join(', ')} ${typists.size === 1 ? 'is' : 'are'} typing …`}
      </Text>
      {mayWrite ? (
        <Composer room={room} people={people} learn={learn} />
      ) : (
        <Text size="sm" c="dimmed">
          Scientists and above write here; you can read.
        </Text>
      )}
    </Stack>
  );
}
