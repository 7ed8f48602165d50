import { Button, Center, Stack, Text } from '@mantine/core';
import { MessageCircle } from 'lucide-react';
import { useMay } from '../../api/session.ts';
import { Composer } from '../../ui/composer.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import classes from './chat.module.css';
import { MessageLine } from './message-line.tsx';
import { handleOf } from './talk.ts';
import { useTalk } from './use-talk.ts';

/** The talk of one room, newest at the end. */
export function TalkView({ room, name }: { room: string; name: string }) {
  const { query, messages, people, typists, learn } = useTalk(room);
  const mayWrite = useMay('scientist');
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed" role="status">
        {people.length === 0
          ? 'Nobody else is here.'
          : `Here now: ${people.map((each) => each.name).join(', ')}`}
      </Text>
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
                Show earlier messages
              </Button>
            </Center>
          )}
          {query.data && messages.length === 0 && (
            <Empty title="Nobody has written here yet" icon={MessageCircle}>
              Messages here stay with {name}.
            </Empty>
          )}
          <Stack component="ol" gap={2} p={0} m={0} style={{ listStyle: 'none' }} aria-live="polite">
            {messages.map((message) => (
              <MessageLine key={message.id} message={message} learn={learn} />
            ))}
          </Stack>
        </div>
      </section>
      <Text size="xs" c="dimmed" role="status" mih="1.4em">
        {typists.size > 0 &&
          `${[...typists.values()].join(', ')} ${typists.size === 1 ? 'is' : 'are'} typing …`}
      </Text>
      {mayWrite ? (
        <Composer room={room} handles={people.map(({ name: who }) => handleOf(who))} learn={learn} />
      ) : (
        <Text size="sm" c="dimmed">
          You can read here. Scientists and above can also write.
        </Text>
      )}
    </Stack>
  );
}
