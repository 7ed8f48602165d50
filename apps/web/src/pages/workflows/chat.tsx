import type { ChatMessage } from '@labwright/contract-hub/chat';
import { Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { MessagesSquare } from 'lucide-react';
import { useEffect, useState } from 'react';
import { fromHub } from '../../api/services.ts';
import { useMay, useSession } from '../../api/session.ts';
import { useConnection } from '../../live/live.tsx';
import { Composer } from '../../ui/composer.tsx';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { Time } from '../../ui/time.tsx';
import classes from './chat.module.css';

/** The newest talk of a room, and what comes from now on. */
export function Chat({ room }: { room: string }) {
  const session = useSession();
  const query = useQuery({
    ...fromHub.read('/chat/rooms/{room}/messages', { params: { path: { room }, query: { limit: 50 } } }),
    staleTime: 0,
  });
  const may = useMay('scientist');
  const { fresh, learn } = useFresh(room, query.data ? newestChange(query.data.messages) : undefined);
  if (query.isPending) return <LoadingRows what="messages" rows={3} />;
  if (!query.data) return <Failed error={query.error} retry={query.refetch} />;
  const messages = merged(query.data.messages, fresh);
  return (
    <Stack maw={760}>
      {messages.length === 0 ? (
        <Empty title="Nobody has written yet" icon={MessagesSquare}>
          Messages here stay with this workflow.
        </Empty>
      ) : (
        <ol className={classes.messages} aria-label="Messages">
          {messages.map(({ id, author_id, author_name, text, created_at, edited_at, deleted_at }) => (
            <li
              key={id}
              className={classes.message}
              data-mine={(session.kind !== 'nobody' && author_id === session.id) || undefined}
            >
              <Group gap="xs">
                <Text size="sm" fw={600}>
                  {author_name}
                </Text>
                <Text size="xs" c="dimmed">
                  <Time at={created_at} />
                  {edited_at && !deleted_at ? ', edited' : ''}
                </Text>
              </Group>
              <Text size="sm" className={classes.text} {...(deleted_at ? { c: 'dimmed', fs: 'italic' } : {})}>
                {deleted_at ? 'Deleted' : text}
              </Text>
            </li>
          ))}
        </ol>
      )}
      {may && <Composer room={room} learn={learn} />}
    </Stack>
  );
}

const newestChange = (messages: readonly ChatMessage[]) =>
  messages.reduce((newest, { change }) => Math.max(newest, change), 0);

/** In their order, each as it was changed last. */
function merged(known: readonly ChatMessage[], fresh: readonly ChatMessage[]): ChatMessage[] {
  const byId = new Map<string, ChatMessage>();
  for (const message of [...known, ...fresh])
    if ((byId.get(message.id)?.change ?? 0) <= message.change) byId.set(message.id, message);
  return [...byId.values()].sort((a, b) => a.seq - b.seq);
}

/** What comes after this change; nothing before it is known. */
function useFresh(room: string, after: number | undefined) {
  const connection = useConnection();
  const [fresh, setFresh] = useState<readonly ChatMessage[]>([]);
  // Where it begins; what comes later moves nothing.
  const [begin, setBegin] = useState<number>();
  if (begin === undefined && after !== undefined) setBegin(after);
  useEffect(() => {
    if (begin === undefined) return;
    return connection.follow(
      room,
      {
        onChanges: (messages) => setFresh((before) => [...before, ...messages]),
        onReset: () => setFresh([]),
      },
      begin,
    );
  }, [connection, room, begin]);
  /** What an answer of the hub has, before it is followed. */
  const learn = (message: ChatMessage) => setFresh((before) => [...before, message]);
  return { fresh, learn };
}
